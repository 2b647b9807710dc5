"""What is refused at the start, and that the message names the state and the mistake."""

from __future__ import annotations

from typing import Any

import pytest

from local_runtime.states.definition import problems
from tests.unit.local_runtime.states.machines import INVOKE, chain, task

DONE = {"Type": "Succeed"}


def one(**fields: Any) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": fields}}


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ([], "must be a JSON object"),
        ({"StartAt": "A", "States": {}}, "at least one state"),
        ({"StartAt": "B", "States": {"A": DONE}}, "StartAt names no state (got 'B')"),
        ({"StartAt": "A", "States": {"A": DONE, "B": DONE}}, "state B: nothing leads to it"),
        ({"StartAt": "A", "States": {"A": DONE}, "Timeout": 3}, "'Timeout' is no field of a state machine"),
        (
            {"StartAt": "A", "States": {"A": DONE}, "TimeoutSeconds": 0},
            "TimeoutSeconds must be a whole number",
        ),
        ({"StartAt": "A", "States": {"A": DONE}, "QueryLanguage": "JSONata"}, "QueryLanguage 'JSONata'"),
        ({"StartAt": "A" * 81, "States": {"A" * 81: DONE}}, "at most 80 characters"),
        (one(Type="Parallel", End=True), "state A: Type 'Parallel' is not played"),
        (one(Type="Map", End=True), "it plays Task, Pass, Choice, Wait, Succeed, Fail"),
        (one(Type="Pass", Next="B"), "state A: Next names no state (got 'B')"),
        (one(Type="Pass"), "needs either Next or End"),
        (one(Type="Pass", Next="A", End=True), "needs either Next or End"),
        (one(Type="Pass", End=True, Retry=[]), "'Retry' is no field of a Pass state"),
        (one(Type="Pass", End=True, InputPath="a"), "InputPath: a path begins with '$'"),
        (one(Type="Pass", End=True, ResultPath="$.a[*]"), "ResultPath: must name one place"),
        (one(Type="Pass", End=True, ResultPath="$$.a"), "ResultPath: must name one place"),
        (one(Type="Pass", End=True, Parameters={"a.$": 3}), "value of 'a.$' must be a path or"),
        (
            one(Type="Pass", End=True, Parameters={"a": [{"b.$": "States.No()"}]}),
            "no intrinsic function States.No",
        ),
        (one(Type="Task", End=True), "Resource 'None' is neither"),
        (
            one(Type="Task", End=True, Resource="arn:aws:states:::lambda:invoke.waitForTaskToken"),
            ".waitForTaskToken",
        ),
        (
            one(Type="Task", End=True, Resource="arn:aws:states:::glue:startJobRun.sync"),
            ".sync is not played",
        ),
        (
            one(Type="Task", End=True, Resource="arn:aws:states:::glue:startJobRun"),
            "integration is not played",
        ),
        (
            one(Type="Task", End=True, Resource="arn:aws:states:us-east-1:123456789012:activity:a"),
            "is neither",
        ),
        (chain(A=task("f", Parameters={"InvocationType": "Event"})), "InvocationType 'Event' is not played"),
        (chain(A=task("f", Parameters={"Qualifier": "live"})), "Qualifier 'live' is not played"),
        (chain(A=task("f", TimeoutSeconds=10, HeartbeatSeconds=10)), "must be less than TimeoutSeconds"),
        (chain(A=task("f", Retry=[{"ErrorEquals": []}])), "Retry[0]: ErrorEquals must be a list"),
        (chain(A=task("f", Retry=[{"ErrorEquals": ["A"], "Wait": 3}])), "'Wait' is no field of it"),
        (chain(A=task("f", Retry=[{"ErrorEquals": ["A"], "IntervalSeconds": 0}])), "IntervalSeconds must be"),
        (chain(A=task("f", Retry=[{"ErrorEquals": ["A"], "BackoffRate": 0.5}])), "BackoffRate must be"),
        (chain(A=task("f", Retry=[{"ErrorEquals": ["A"], "JitterStrategy": "HALF"}])), "JitterStrategy"),
        (
            chain(A=task("f", Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}])),
            "alone and last",
        ),
        (chain(A=task("f", Retry=[{"ErrorEquals": ["States.ALL", "A"]}])), "alone and last"),
        (chain(A=task("f", Catch=[{"ErrorEquals": ["A"]}])), "Catch[0]: needs a Next"),
        (
            chain(A=task("f", Catch=[{"ErrorEquals": ["A"], "Next": "B"}])),
            "Catch.Next names no state (got 'B')",
        ),
        (chain(A={"Type": "Choice", "Choices": []}), "at least one rule"),
        (chain(A={"Type": "Choice", "Choices": [{"Next": "A"}]}), "Choices[0]: a rule has one comparison"),
        (chain(A={"Type": "Wait"}), "needs one of Seconds, SecondsPath"),
        (
            chain(A={"Type": "Wait", "Seconds": 3, "Timestamp": "2027-01-01T00:00:00Z"}),
            "needs one of Seconds",
        ),
        (chain(A={"Type": "Wait", "Seconds": -1}), "Seconds must be a whole number of 0-99999999"),
        (chain(A={"Type": "Wait", "Timestamp": "tomorrow"}), "Timestamp must be like"),
        (chain(A={"Type": "Fail", "Error": "a", "ErrorPath": "$.a"}), "exclude one another"),
        (chain(A={"Type": "Fail", "CausePath": "a"}), "CausePath: 'a' is neither a path nor"),
    ],
)
def test_a_mistake_is_named_with_its_state(definition: Any, message: str) -> None:
    found = problems(definition)

    assert any(message in problem for problem in found), found


def test_all_mistakes_are_told_at_once() -> None:
    definition = {
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Next": "C"}, "B": {"Type": "Wait", "End": True}},
    }

    assert len(problems(definition)) == 3


def test_a_definition_with_everything_that_is_played_is_right() -> None:
    retry = {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 2,
        "MaxAttempts": 0,
        "BackoffRate": 1.5,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
        "Comment": "again",
    }
    definition = chain(
        Do={
            "Type": "Task",
            "Resource": INVOKE,
            "Parameters": {"FunctionName": "f", "Payload.$": "$"},
            "ResultSelector": {"a.$": "$.Payload", "id.$": "States.UUID()"},
            "ResultPath": "$.a",
            "OutputPath": "$.a",
            "TimeoutSecondsPath": "$.timeout",
            "HeartbeatSeconds": 30,
            "Retry": [retry],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "No"}],
        },
        Publish={"Type": "Task", "Resource": "arn:aws-cn:states:::sns:publish", "Parameters": {}},
        Ask={"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:athena:getQueryExecution"},
        Hold={"Type": "Wait", "TimestampPath": "$.a.until"},
        Pick={
            "Type": "Choice",
            "Choices": [{"Not": {"Variable": "$.a", "IsPresent": True}, "Next": "Done"}],
            "Default": "No",
        },
        No={"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}', $.c)"},
        Done={"Type": "Succeed", "InputPath": "$.a", "OutputPath": None},
    )

    assert problems({**definition, "Comment": "all", "TimeoutSeconds": 60, "Version": "1.0"}) == []
