"""EventBridge rules of templates in a run: fired by hand, as if it were another time."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest

from tests.conftest import ROOT, LocalRunProcess, StartRun
from tests.integration.workflow_assembly import ENDLESS_MACHINE, write_workflows

pytestmark = pytest.mark.xdist_group("scheduled-rules")  # one run for all of them


@pytest.fixture(scope="module")
def run(start_run: StartRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    directory = write_workflows(tmp_path_factory.mktemp("assembly"), Endless=ENDLESS_MACHINE)
    state = tmp_path_factory.mktemp("run") / "state"
    with start_run(state, "--assembly", str(directory), "--wait-scale", "0") as up:
        yield up


def client(run: LocalRunProcess, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=run.url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def test_a_function_gets_the_scheduled_event_of_the_time_that_is_told(run: LocalRunProcess) -> None:
    finished = run.command("fire-rule", "hourly", "--time", "2026-10-01T09:00:00+01:00", "--format", "json")

    assert finished.returncode == 0, finished.stderr
    (target,) = json.loads(finished.stdout)["targets"]
    assert target["answer"] == {"do": "echo", "at": "2026-10-01T08:00:00Z"}


def test_a_state_machine_is_started_by_the_targets_role(run: LocalRunProcess) -> None:
    finished = run.command("fire-rule", "monthly-report", "--format", "json")

    assert finished.returncode == 0, finished.stdout
    arn = json.loads(finished.stdout)["targets"][0]["execution"]
    sfn = client(run, "stepfunctions")
    deadline = time.monotonic() + 60
    while (found := sfn.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert found["status"] == "SUCCEEDED"
    assert json.loads(found["input"]) == {"do": "poll"}


def test_what_a_function_does_not_get_done_is_in_the_queue(run: LocalRunProcess) -> None:
    finished = run.command("fire-rule", "broken")

    assert finished.returncode == 1
    assert "no such thing: fail" in finished.stdout
    sqs = client(run, "sqs")
    url = sqs.get_queue_url(QueueName="failed")["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    record = json.loads(messages[0]["Body"])
    assert record["requestPayload"] == {"do": "fail"}
    assert record["requestContext"]["approximateInvokeCount"] == 2


def test_a_rule_without_a_permission_cannot_invoke(run: LocalRunProcess) -> None:
    finished = run.command("fire-rule", "stranger")

    assert finished.returncode == 1
    assert "no AWS::Lambda::Permission lets events.amazonaws.com invoke" in finished.stdout


def test_an_unknown_rule_lists_the_known_ones(run: LocalRunProcess) -> None:
    finished = run.command("fire-rule", "daily")

    assert finished.returncode == 2
    assert "monthly-report, hourly-merge, broken, slow, stranger" in finished.stderr


def test_rules_can_be_read_and_not_changed(run: LocalRunProcess) -> None:
    events = client(run, "events")

    rule = events.describe_rule(Name="monthly-report")
    targets = events.list_targets_by_rule(Rule="monthly-report")["Targets"]

    assert rule["ScheduleExpression"] == "cron(0 8 1 * ? *)"
    assert [item["Name"] for item in events.list_rules(NamePrefix="hourly")["Rules"]] == ["hourly-merge"]
    assert [target["Id"] for target in targets] == ["machine"]
    with pytest.raises(events.exceptions.ClientError, match="come from the templates"):
        events.disable_rule(Name="monthly-report")


def test_run_that_ends_waits_for_no_function_and_fails_no_execution(run: LocalRunProcess) -> None:
    sfn = client(run, "stepfunctions")
    machines = {item["name"]: item["stateMachineArn"] for item in sfn.list_state_machines()["stateMachines"]}
    sfn.start_execution(stateMachineArn=machines["endless"], name="endless")
    command = [sys.executable, "-m", "local_runtime", "fire-rule", "slow", "--state", str(run.state)]
    firing = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    log, deadline = run.state / "logs" / "worker.log", time.monotonic() + 60
    while "asleep" not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)

    run.process.send_signal(signal.SIGTERM)

    run.process.communicate(timeout=20)  # the function would sleep for longer
    assert firing.wait(20) != 0
    firing.communicate()
    with closing(sqlite3.connect(run.state / "states.db")) as executions:
        found = executions.execute("select status, cause from execution where name = 'endless'").fetchone()
    assert found == ("RUNNING", None)  # the next run goes on with it
