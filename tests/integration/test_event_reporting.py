"""event_reporting in a run: events by the SDK, Parquet by SQL, the report by command and by schedule."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.conftest import LocalRunProcess, StartRun

pytestmark = pytest.mark.xdist_group("event-reporting")  # one run for all of them

STREAM = "events-stream-dev-reporting"
REPORT = "event-report-dev-reporting"
MACHINE = f"arn:aws:states:us-east-1:123456789012:stateMachine:{REPORT}"

# One moment in each way that the deserializer takes, and an event that has none.
TIMESTAMPS = (
    "2026-10-21T09:30:00Z",
    "2026-10-21 09:30:00",
    "2026-10-21 09:30:00.000",
    1792575000,
    1792575000000,
    1792575000.0,
)


@pytest.fixture(scope="module")
def run(start_run: StartRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunProcess]:
    state = tmp_path_factory.mktemp("run") / "state"
    with start_run(state, "--wait-scale", "0.01", system="event_reporting") as up:
        yield up


@pytest.fixture(scope="module")
def client(run: LocalRunProcess) -> Callable[[str], Any]:
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    return lambda service: boto3.client(service, endpoint_url=run.url, region_name="us-east-1", **keys)


@pytest.fixture(scope="module")
def delivered(run: LocalRunProcess, client: Callable[[str], Any]) -> None:
    """The contract's record, six events of October in six spellings, one of September, two unfit ones."""
    firehose = client("firehose")
    firehose.put_record(DeliveryStreamName=STREAM, Record={"Data": b'{"id":"1","userId":"1"}'})
    events: list[dict[str, Any]] = [
        {"id": f"o{number}", "userId": "anna", "format": "pdf", "timestamp": timestamp}
        for number, timestamp in enumerate(TIMESTAMPS)
    ]
    events.append(
        {"id": "s1", "USERID": "ben\n", "format": "html", "timestamp": "2026-09-30T23:59:59Z", "other": [1]}
    )
    records = [{"Data": json.dumps(event).encode()} for event in events]
    answer = firehose.put_record_batch(
        DeliveryStreamName=STREAM,
        Records=[*records, {"Data": b"no JSON"}, {"Data": b'{"timestamp": "soon"}'}],
    )
    assert answer["FailedPutCount"] == 0
    run.flush()


@pytest.fixture(scope="module")
def october(run: LocalRunProcess, delivered: None) -> dict[str, Any]:
    """What `start-execution` tells of the report about October."""
    period = '{"startDate": "2026-10-01", "endDate": "2026-10-31"}'
    finished = run.command("start-execution", "event-report", "--input", period, "--format", "json")
    assert finished.returncode == 0, finished.stderr
    return dict(json.loads(finished.stdout))


def test_record_of_the_contract_is_a_row_whose_other_columns_are_null(
    run: LocalRunProcess, delivered: None
) -> None:
    (row,) = run.sql("select id, userId, format, \"timestamp\" from event_reporting.events where id = '1'")
    assert list(row.values()) == ["1", "1", None, None]


def test_timestamps_in_every_spelling_are_the_same_moment(run: LocalRunProcess, delivered: None) -> None:
    rows = run.sql(
        'select "timestamp" as at, count(*) as n from event_reporting.events'
        " where userid = 'anna' group by 1"
    )
    assert [row["n"] for row in rows] == [len(TIMESTAMPS)]
    assert str(rows[0]["at"]).startswith("2026-10-21 09:30:00")


def test_record_that_does_not_fit_is_kept_apart_and_alone(run: LocalRunProcess, delivered: None) -> None:
    assert run.sql("select count(*) as n from event_reporting.events") == [{"n": 8}]
    (bucket,) = (run.state / "s3").glob("events-*")
    (errors,) = (path for path in (bucket / "error").rglob("*") if path.is_file())
    assert "error/format-conversion-failed/dt=" in str(errors)
    assert len(errors.read_text().splitlines()) == 2


def test_files_are_parquet_under_the_day_of_their_arrival(run: LocalRunProcess, delivered: None) -> None:
    rows = run.sql("select distinct dt from event_reporting.events")
    for path in (run.state / "s3").glob("events-*/events/dt=*/*"):
        assert path.read_bytes()[:4] == b"PAR1"
        assert path.parent.name in {f"dt={row['dt']}" for row in rows}


def test_report_passes_the_states_of_the_contract_and_mails_what_was_put(october: dict[str, Any]) -> None:
    states = [state["state"] for state in october["states"] if state["state"] != "Wait"]
    assert states[0] == "StartQuery"
    assert states[-4:] == ["GetQueryStatus", "CheckQueryStatus", "SendReport", "Done"]
    (mail,) = october["messages"]
    assert mail["subject"] == "Event report 2026-10-01 to 2026-10-31: 6 events (+500.0 %)"
    lines = mail["message"].splitlines()
    assert lines[3].split() == ["Events", "6", "before", "1", "+500.0", "%"]
    assert lines[7].split() == ["1.", "pdf", "6", "100.0", "%", "new"]


def test_mail_leads_to_the_whole_result_which_begins_as_the_mail_does(
    october: dict[str, Any], client: Callable[[str], Any]
) -> None:
    uri = october["messages"][0]["message"].splitlines()[-1]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    assert f"/s3/object/{bucket}?region=us-east-1&prefix={key}" in october["messages"][0]["message"]
    text = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["section"], row["name"]) for row in rows] == [
        *[("total", ""), ("format", "pdf"), ("format", "html")],
        *[("user", "anna"), ("user", "ben\n")],
    ]
    assert (rows[0]["events"], rows[0]["events_before"]) == ("6", "1")


def test_bad_input_fails_and_is_mailed_with_the_reason(run: LocalRunProcess) -> None:
    period = '{"startDate": "2026-10-31", "endDate": "2026-10-01"}'
    finished = run.command("start-execution", REPORT, "--input", period, "--format", "json")
    report = json.loads(finished.stdout)
    assert finished.returncode == 1
    assert (report["status"], report["error"]) == ("FAILED", "InvalidPeriodError")
    (mail,) = report["messages"]
    assert "startDate must not be after endDate (got 2026-10-31 and 2026-10-01)" in mail["message"]


def fire(run: LocalRunProcess) -> dict[str, Any]:
    """What the function answers when the rule fires for the first of October."""
    fired = run.command("fire-rule", "event-report", "--time", "2026-10-01T08:00:00Z", "--format", "json")
    assert fired.returncode == 0, fired.stderr
    (target,) = json.loads(fired.stdout)["targets"]
    return dict(target["answer"])


def test_rule_that_fires_twice_mails_one_report(
    run: LocalRunProcess, client: Callable[[str], Any], delivered: None
) -> None:
    assert fire(run) == {"execution": "report-2026-09-01-2026-09-30", "started": True}
    states = client("stepfunctions")
    arn = f"{MACHINE.replace(':stateMachine:', ':execution:')}:report-2026-09-01-2026-09-30"
    deadline = time.monotonic() + 60
    while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert found["status"] == "SUCCEEDED"
    assert fire(run) == {"execution": "report-2026-09-01-2026-09-30", "started": False}
    published = run.command("messages").stdout
    assert published.count("Subject: Event report 2026-09-01 to 2026-09-30: 1 event") == 1


def test_event_that_starts_nothing_is_kept_with_its_error(client: Callable[[str], Any]) -> None:
    function = "event-report-start-workflow-dev-reporting"
    client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=b'{"time": "soon"}')
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=f"{REPORT}-not-started")["QueueUrl"]
    deadline = time.monotonic() + 60
    while not (kept := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])):
        assert time.monotonic() < deadline
    body = json.loads(kept[0]["Body"])
    assert body["requestPayload"] == {"time": "soon"}
    assert "time must be YYYY-MM-DDTHH:MM:SSZ" in json.dumps(body["responsePayload"])
