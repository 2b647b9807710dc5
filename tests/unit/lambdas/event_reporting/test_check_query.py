"""GetQueryStatus: what Athena says of the query, and what is kept of it."""

from __future__ import annotations

from typing import Any

from lambdas.event_reporting.check_query.logic import checked

QUERY = {"queryExecutionId": "q-1", "startDate": "2026-10-01", "checksLeft": 3}


def execution(**status: Any) -> dict[str, Any]:
    return {"Status": status, "ResultConfiguration": {"OutputLocation": "s3://results/q-1.csv"}}


def test_a_check_is_counted_and_the_query_is_kept() -> None:
    assert checked(QUERY, execution(State="RUNNING")) == {
        **QUERY,
        "state": "RUNNING",
        "reason": "Athena gave no reason.",
        "outputLocation": "s3://results/q-1.csv",
        "checksLeft": 2,
    }


def test_reason_is_athenas_own_at_a_length_that_a_state_can_hold() -> None:
    failed = checked(QUERY, execution(State="FAILED", StateChangeReason="no such table"))
    assert (failed["state"], failed["reason"]) == ("FAILED", "no such table")
    assert len(checked(QUERY, execution(State="FAILED", StateChangeReason="x" * 99_999))["reason"]) == 2000
