"""The mail without a report: why there is none, in words, and how to go on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdas.event_reporting.send_report.failure import failure

ARN = "arn:aws:states:eu-west-1:111122223333"
EVENT: dict[str, Any] = {
    "failure": {
        "Error": "InvalidPeriodError",
        "Cause": json.dumps(
            {
                "errorMessage": "startDate must not be after endDate",
                "errorType": "x",
                "stackTrace": ["secret"],
            }
        ),
    },
    "input": {"startDate": "2026-10-31", "endDate": "2026-10-01"},
    "execution": f"{ARN}:execution:event-report:one",
    "stateMachine": f"{ARN}:stateMachine:event-report",
}

EXPECTED = """\
There is no event report: it could not be made.

Why:        InvalidPeriodError: startDate must not be after endDate
Asked for:  {"startDate": "2026-10-31", "endDate": "2026-10-01"}
Execution:  https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1\
#/v2/executions/details/arn:aws:states:eu-west-1:111122223333:execution:event-report:one

When the reason is dealt with, start it again:
aws stepfunctions start-execution --state-machine-arn \
arn:aws:states:eu-west-1:111122223333:stateMachine:event-report \
--input '{"startDate": "YYYY-MM-DD", "endDate": "YYYY-MM-DD"}'
"""


def text(**changes: Any) -> str:
    return failure({**EVENT, **changes}, region="eu-west-1").text


def test_mail_says_why_what_was_asked_for_and_how_to_start_again() -> None:
    mail = failure(EVENT, region="eu-west-1")
    assert mail.text == EXPECTED
    assert mail.subject == "Event report FAILED"


@pytest.mark.parametrize("cause", ["Athena says FAILED", "[1]", '"text"', '{"errorMessage": 7}'])
def test_cause_that_no_function_wrote_is_shown_as_it_is(cause: str) -> None:
    assert f"Why:        QueryFailed: {cause}\n" in text(failure={"Error": "QueryFailed", "Cause": cause})


def test_failure_without_a_cause_is_mailed_too() -> None:
    assert "Why:        States.Timeout: \n" in text(failure={"Error": "States.Timeout"})


@pytest.mark.parametrize("given", [None, "text", [1], {"startDate": "a\nb"}])
def test_any_input_is_shown_on_one_line(given: Any) -> None:
    assert len(text(input=given).splitlines()) == len(EXPECTED.splitlines())


def test_mail_has_a_limit() -> None:
    huge = text(input="x" * 250_000, failure={"Error": "E", "Cause": "\n" * 32_768})
    assert len(huge) < 6_000
