"""The scheduled event -> an execution for the month before, one for each month."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdas.event_reporting.start_workflow.logic import execution_request

MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:event-report-dev-reporting"


def scheduled(time: Any) -> dict[str, Any]:
    return {"version": "0", "id": "53dc4d37", "detail-type": "Scheduled Event", "time": time, "detail": {}}


def test_month_before_the_event_is_reported_whenever_the_event_arrives() -> None:
    request = execution_request(scheduled("2026-11-01T08:00:00Z"), MACHINE)
    assert request["stateMachineArn"] == MACHINE
    assert json.loads(request["input"]) == {"startDate": "2026-10-01", "endDate": "2026-10-31"}


def test_an_event_that_comes_twice_gives_one_name() -> None:
    first = execution_request(scheduled("2026-11-01T08:00:00Z"), MACHINE)
    again = execution_request({**scheduled("2026-11-01T08:00:00Z"), "id": "another"}, MACHINE)
    assert first == again
    assert first["name"] == "report-2026-10-01-2026-10-31"
    assert first["name"] != execution_request(scheduled("2026-12-01T08:00:00Z"), MACHINE)["name"]


@pytest.mark.parametrize("event", [{}, scheduled(None), scheduled("2026-11-01"), scheduled(1795000000)])
def test_event_without_a_time_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="time must be YYYY-MM-DDTHH:MM:SSZ"):
        execution_request(event, MACHINE)
