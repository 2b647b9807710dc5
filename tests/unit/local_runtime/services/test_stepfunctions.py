"""Step Functions' API: what it refuses, and its pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_runtime.errors import AwsError
from local_runtime.services.stepfunctions import StepFunctionsService
from tests.unit.local_runtime.states.machines import ARN, Bench, chain

EXECUTION = ARN.replace(":stateMachine:", ":execution:")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[StepFunctionsService]:
    engine = Bench(tmp_path).engine(chain(Hold={"Type": "Wait", "Seconds": 3600}), wait_scale=1)
    yield StepFunctionsService(engine, started=1.0)
    engine.close()


@pytest.mark.parametrize(
    ("action", "request_", "code"),
    [
        ("CreateStateMachine", {}, "UnknownOperationException"),
        ("StartExecution", {"stateMachineArn": ARN + "x"}, "StateMachineDoesNotExist"),
        ("StartExecution", {"stateMachineArn": ARN, "name": "a b"}, "InvalidName"),
        ("StartExecution", {"stateMachineArn": ARN, "name": "a" * 81}, "InvalidName"),
        ("StartExecution", {"stateMachineArn": ARN, "input": "{"}, "InvalidExecutionInput"),
        (
            "StartExecution",
            {"stateMachineArn": ARN, "input": '"' + "é" * 140_000 + '"'},
            "InvalidExecutionInput",
        ),
        ("DescribeExecution", {"executionArn": EXECUTION + ":x"}, "ExecutionDoesNotExist"),
        ("StopExecution", {"executionArn": EXECUTION + ":x"}, "ExecutionDoesNotExist"),
        ("ListExecutions", {"stateMachineArn": ARN, "statusFilter": "DONE"}, "ValidationException"),
        ("ListExecutions", {"stateMachineArn": ARN, "maxResults": 1001}, "InvalidToken"),
        ("ListExecutions", {"stateMachineArn": ARN, "nextToken": "x"}, "InvalidToken"),
    ],
)
def test_a_wrong_request_is_refused_by_its_name(
    service: StepFunctionsService, action: str, request_: dict[str, Any], code: str
) -> None:
    with pytest.raises(AwsError) as caught:
        service(action, request_)

    assert caught.value.code == code


def test_executions_are_listed_the_newest_first_page_by_page(service: StepFunctionsService) -> None:
    for name in ("one", "two", "three"):
        service("StartExecution", {"stateMachineArn": ARN, "name": name})

    first = service("ListExecutions", {"stateMachineArn": ARN, "maxResults": 2})
    rest = service(
        "ListExecutions", {"stateMachineArn": ARN, "maxResults": 2, "nextToken": first["nextToken"]}
    )

    assert [item["name"] for item in first["executions"] + rest["executions"]] == ["three", "two", "one"]
    assert "nextToken" not in rest


def test_stopping_twice_tells_the_moment_of_the_first_time(service: StepFunctionsService) -> None:
    arn = service("StartExecution", {"stateMachineArn": ARN})["executionArn"]
    first = service("StopExecution", {"executionArn": arn, "cause": "enough"})

    assert service("StopExecution", {"executionArn": arn}) == first
    described = service("DescribeExecution", {"executionArn": arn})
    assert (described["status"], described["cause"], described["stopDate"]) == (
        "ABORTED",
        "enough",
        first["stopDate"],
    )


def test_a_history_can_be_read_backwards_and_without_data(service: StepFunctionsService) -> None:
    arn = service("StartExecution", {"stateMachineArn": ARN, "input": '{"a": 1}'})["executionArn"]
    service("StopExecution", {"executionArn": arn})

    request = {"executionArn": arn, "reverseOrder": True, "includeExecutionData": False}
    events = service("GetExecutionHistory", request)["events"]

    assert (events[0]["type"], events[-1]["type"]) == ("ExecutionAborted", "ExecutionStarted")
    assert "input" not in events[-1]["executionStartedEventDetails"]


def test_the_machine_of_an_execution_is_described(service: StepFunctionsService) -> None:
    arn = service("StartExecution", {"stateMachineArn": ARN})["executionArn"]

    described = service("DescribeStateMachineForExecution", {"executionArn": arn})

    assert (described["name"], described["stateMachineArn"]) == ("report", ARN)
