"""State machines of templates in a run: real functions, a real topic, boto3 and the command line."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conftest import LocalRunProcess, StartRun
from tests.integration.workflow_assembly import write_workflows

pytestmark = pytest.mark.xdist_group("state-machines")  # one run for most of them

ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workflows(tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="module")
def run(start_run: StartRun, directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    state = tmp_path_factory.mktemp("run") / "state"
    with start_run(state, "--assembly", str(directory), "--wait-scale", "0.01") as up:
        yield up


def client(run: LocalRunProcess) -> Any:
    return boto3.client(
        "stepfunctions",
        endpoint_url=run.url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def end_of(sfn: Any, arn: str) -> Any:
    deadline = time.monotonic() + 60
    while (found := sfn.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_start_execution_shows_the_states_passed_and_the_published_report(run: LocalRunProcess) -> None:
    finished = run.command("start-execution", "poll", "--input", '{"do": "poll"}')

    assert finished.returncode == 0, finished.stderr
    assert "SUCCEEDED after" in finished.stdout
    assert finished.stdout.count("GetQueryStatus") == 3
    assert finished.stdout.count("Wait") == 4  # each is a state and a type
    assert "Subject: Report" in finished.stdout
    assert "3 polls" in finished.stdout


def test_a_failed_execution_shows_how_and_exits_with_one(run: LocalRunProcess) -> None:
    finished = run.command("start-execution", "polling", "--input", '{"do": "fail"}', "--format", "json")

    report = json.loads(finished.stdout)
    assert finished.returncode == 1
    assert (report["status"], report["error"]) == ("FAILED", "QueryFailed")
    assert json.loads(report["cause"])["errorMessage"] == "no such thing: fail"
    assert [state["state"] for state in report["states"]] == ["GetQueryStatus", "Failed"]
    assert report["states"][0]["failures"] == ["QueryFailed", "QueryFailed"]


def test_an_unknown_name_lists_the_known_ones(run: LocalRunProcess) -> None:
    finished = run.command("start-execution", "monthly")

    assert finished.returncode == 2
    assert "polling, holding, poor" in finished.stderr


def test_a_role_without_the_grant_fails_as_on_aws(run: LocalRunProcess) -> None:
    sfn = client(run)
    started = sfn.start_execution(stateMachineArn=ARN + "poor", input='{"do": "poll"}')

    described = end_of(sfn, started["executionArn"])

    assert described["error"] == "Lambda.AWSLambdaException"
    assert "is not authorized to perform: lambda:InvokeFunction" in described["cause"]


def test_boto3_starts_lists_stops_and_reads_histories(run: LocalRunProcess, tmp_path: Path) -> None:
    sfn = client(run)
    document = json.dumps({"do": "hold", "marker": str(tmp_path / "marker"), "gate": str(tmp_path / "gate")})
    names = [item["name"] for item in sfn.list_state_machines()["stateMachines"]]
    described = sfn.describe_state_machine(stateMachineArn=ARN + "holding")
    started = sfn.start_execution(stateMachineArn=ARN + "holding", name="mine", input=document)
    again = sfn.start_execution(stateMachineArn=ARN + "holding", name="mine", input=document)
    with pytest.raises(sfn.exceptions.ExecutionAlreadyExists):
        sfn.start_execution(stateMachineArn=ARN + "holding", name="mine", input="{}")
    sfn.stop_execution(executionArn=started["executionArn"], error="Enough", cause="of it")
    (tmp_path / "gate").touch()
    execution = sfn.describe_execution(executionArn=started["executionArn"])
    listed = sfn.list_executions(stateMachineArn=ARN + "holding", statusFilter="ABORTED")["executions"]
    pages = sfn.get_paginator("get_execution_history").paginate(
        executionArn=started["executionArn"], PaginationConfig={"PageSize": 2}
    )
    types = [event["type"] for page in pages for event in page["events"]]

    assert names == ["polling", "holding", "poor"]
    assert "States" in json.loads(described["definition"])
    assert again["startDate"] == started["startDate"]
    assert (execution["status"], execution["error"]) == ("ABORTED", "Enough")
    assert [item["name"] for item in listed] == ["mine"]
    assert types[0] == "ExecutionStarted"
    assert types[-1] == "ExecutionAborted"
    with pytest.raises(sfn.exceptions.ExecutionDoesNotExist):
        sfn.describe_execution(executionArn=started["executionArn"] + "x")


def test_an_execution_survives_kill_9_and_goes_on(
    start_run: StartRun, directory: Path, tmp_path: Path
) -> None:
    state, marker, gate = tmp_path / "state", tmp_path / "marker", tmp_path / "gate"
    document = json.dumps({"do": "hold", "marker": str(marker), "gate": str(gate)})
    with start_run(state, "--assembly", str(directory)) as first:
        started = client(first).start_execution(stateMachineArn=ARN + "holding", input=document)
        deadline = time.monotonic() + 60
        while not marker.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        first.kill()
    gate.touch()

    with start_run(state, "--assembly", str(directory)) as second:
        sfn = client(second)
        described = end_of(sfn, started["executionArn"])
        events = sfn.get_execution_history(executionArn=started["executionArn"])["events"]

    assert described["status"] == "SUCCEEDED"
    assert json.loads(described["output"])["do"] == "hold"
    assert marker.read_text() == "xx"  # the task that was under way was done again
    entered = [
        event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event
    ]
    assert entered == ["Hold", "After"]


def test_a_wrong_definition_stops_the_start_and_says_where(
    start_run: StartRun, directory: Path, tmp_path: Path
) -> None:
    from tests.integration.workflow_assembly import RESOURCES

    wrong = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3, "Next": "B"}}}
    properties = {**RESOURCES["Polling"]["Properties"], "Definition": wrong}
    write_workflows(tmp_path, Polling={**RESOURCES["Polling"], "Properties": properties})

    with (
        pytest.raises(AssertionError, match=r"Small/Polling.*state A: Next names no state \(got 'B'\)"),
        start_run(tmp_path / "state", "--assembly", str(tmp_path)),
    ):
        pass
