"""The main system end to end on one machine: HTTP in, SQL out, a kill in between, and a user's mistakes."""

from __future__ import annotations

import base64
import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, LocalRunProcess, StartRun, local_runtime

STREAM = "PUT-Firehose-aEhWz"
TABLE = "web_log_iceberg_db.web_log_iceberg"


def event(user_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "session_id": "s-1",
        "event": "view",
        "ip": "192.0.2.7",
        "hostname": "www.example.com",
        "uri": "/",
        "timestamp": "2026-11-21T10:00:00Z",
        "referrer": None,
        "user_agent": None,
        "os": None,
        **changes,
    }


def put(run: LocalRunProcess, method: str, body: Any, stream: str = STREAM) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=30)
    try:
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        path = f"/log-collector/v1/streams/{stream}/{method}"
        connection.request("PUT", path, text, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def records(*data: str) -> dict[str, Any]:
    return {"records": [{"data": text, "partition-key": f"key-{index}"} for index, text in enumerate(data)]}


def error_envelopes(run: LocalRunProcess) -> list[dict[str, Any]]:
    files = [path for path in (run.state / "s3").rglob("*-failed/**/*") if path.is_file()]
    return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def run(start_run: StartRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunProcess]:
    with start_run(tmp_path_factory.mktemp("state"), "--interval", "300") as started:
        yield started


def test_start_says_first_what_can_be_opened_and_names_idle_types_in_one_line(run: LocalRunProcess) -> None:
    assert run.process.stdout is not None
    lines: list[str] = []
    while not lines or not lines[-1].startswith("  then "):
        lines.append(run.process.stdout.readline().rstrip("\n"))
    assert lines[:3] == [
        f"The local run is up on {run.url} (Ctrl-C ends it; state in {run.state})",
        f"  page      {run.url}/web-analytics-dashboard/v1/",
        f"  API       {run.api_url}",
    ]
    assert [line for line in lines if line.startswith("  functions ")] == [
        "  functions 3, started when they are called"
    ]
    (idle,) = [line for line in lines if line.startswith("  no effect ")]
    status = json.loads(run.command("status", "--json").stdout)
    assert status["without_effect"]
    for kind in status["without_effect"]:
        _, service, name = kind.split("::")
        assert service in idle
        assert name in idle


def test_event_travels_from_http_to_sql(run: LocalRunProcess) -> None:
    strange = event("quotes", uri='/q?a="b"\\n&c=\n\t', user_agent="Ünïcödé 😀 \\u0041 $context #set")
    assert put(run, "record", {"Data": strange, "PartitionKey": 'p"k'})[0] == 200
    status, answer = put(run, "records", records(json.dumps(event("batch")) + "\n", json.dumps(strange)))
    assert (status, answer["FailedRecordCount"], len(answer["Records"])) == (200, 0, 2)
    run.flush()
    rows = run.sql(f"select uri, user_agent from {TABLE} where user_id = 'quotes'")
    assert rows == [{"uri": strange["uri"], "user_agent": strange["user_agent"]}] * 2
    assert run.sql(f"select count(*) as n from {TABLE} where user_id = 'batch'") == [{"n": 1}]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/_local/flush", {"Origin": "https://evil.example", "Content-Type": "text/plain"}),
        ("/_local/status", {"Sec-Fetch-Site": "cross-site"}),
        ("/_local/status", {"Host": "evil.example"}),
        ("/", {"Origin": "https://evil.example", "X-Amz-Target": "Kinesis_20131202.ListStreams"}),
        ("/", {"Host": "evil.example", "X-Amz-Target": "Kinesis_20131202.ListStreams"}),
        ("/log-collector/v1/streams", {"Host": "evil.example"}),
        ("/_cognito/somebody/login", {"Host": "evil.example"}),
    ],
)
def test_page_of_the_internet_cannot_drive_the_run(
    run: LocalRunProcess, path: str, fields: dict[str, str]
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=30)
    connection.request("POST", path, "{}", fields)
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["message"][:10]) == (403, "Forbidden:")
    connection.close()


def test_poison_record_is_lost_alone_into_the_error_prefix(run: LocalRunProcess) -> None:
    before = len(error_envelopes(run))
    poison = ["", "not json", '"a string"', json.dumps({"user_id": 7}), "{"]
    good = json.dumps(event("beside-poison"))
    batch = records(good, *poison, good)
    batch["records"][1] = {"partition-key": "no data"}
    status, answer = put(run, "records", batch)
    assert (status, answer["FailedRecordCount"]) == (200, 0)
    run.flush()
    assert run.sql(f"select count(*) as n from {TABLE} where user_id = 'beside-poison'") == [{"n": 2}]
    envelopes = error_envelopes(run)[before:]
    assert sorted(base64.b64decode(item["rawData"]).decode() for item in envelopes) == sorted(poison)
    assert {item["errorCode"] for item in envelopes} == {"Lambda.ProcessingFailedStatus"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("no json", 400),
        ({"records": []}, 400),
        ({"records": [{"data": "x", "partition-key": "k"}] * 501}, 400),
        ({"records": [{"data": "x"}]}, 400),
        (b'{"records": "' + b"x" * (10 * 1024 * 1024) + b'"}', 413),
    ],
    ids=["no JSON", "empty list", "501 records", "no key", "over 10 MB"],
)
def test_bad_request_is_refused_with_a_json_body(run: LocalRunProcess, body: Any, status: int) -> None:
    answered, answer = put(run, "records", body)
    assert answered == status
    assert answer["message"]


def test_stream_that_the_api_does_not_serve_is_refused(run: LocalRunProcess) -> None:
    status, answer = put(run, "record", {"Data": 1, "PartitionKey": "k"}, stream="another")
    assert status == 403
    assert "123456789012" not in json.dumps(answer)


def test_generator_of_the_contract_feeds_the_run(run: LocalRunProcess) -> None:
    before = run.sql(f"select count(*) as n from {TABLE}")[0]["n"]
    command = [sys.executable, "src/utils/gen_fake_data.py", "--max-count", "5", "--stream-name", STREAM]
    command += ["--api-url", run.api_url, "--api-method", "records"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0
    assert finished.stderr.count("[200 OK] {") == 5
    run.flush()
    assert run.sql(f"select count(*) as n from {TABLE}")[0]["n"] == before + 5


def test_acknowledged_events_survive_kill_and_are_stored_once(start_run: StartRun, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with start_run(state, "--interval", "300") as first:
        for index in range(3):
            assert put(first, "records", records(*[json.dumps(event(f"u{index}"))] * 100))[0] == 200
        first.kill()
    with start_run(state, "--interval", "300") as second:
        second.flush()
        assert second.sql(f"select user_id, count(*) as n from {TABLE} group by 1 order by 1") == [
            {"user_id": f"u{index}", "n": 100} for index in range(3)
        ]


def test_second_run_on_the_same_state_is_refused_and_names_the_first(
    run: LocalRunProcess, assembly_directory: Path
) -> None:
    options = ("--state", str(run.state), "--assembly", str(assembly_directory), "--port", "0")
    finished = local_runtime("up", *options)
    assert finished.returncode == 2
    assert f"pid {run.process.pid}" in finished.stderr


def test_port_in_use_is_named(run: LocalRunProcess, assembly_directory: Path, tmp_path: Path) -> None:
    options = ("--state", str(tmp_path), "--assembly", str(assembly_directory), "--port", str(run.port))
    finished = local_runtime("up", *options)
    assert finished.returncode == 2
    assert f"port {run.port} on 127.0.0.1 cannot be opened: it is in use" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_run_whose_lakehouse_cannot_be_opened_ends_and_says_why(
    assembly_directory: Path, tmp_path: Path
) -> None:
    (tmp_path / "s3").write_text("a file where the buckets must be")
    options = ("--assembly", str(assembly_directory), "--state", str(tmp_path), "--port", "0")
    finished = local_runtime("up", *options)
    assert finished.returncode == 2
    assert "the lakehouse could not be opened: [Errno 17] File exists" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_missing_assembly_is_named(tmp_path: Path) -> None:
    finished = local_runtime("up", "--assembly", str(tmp_path / "none"), "--state", str(tmp_path / "state"))
    assert finished.returncode == 2
    assert "no cloud assembly here; run `make synth`" in finished.stderr


@pytest.mark.parametrize("arguments", [("sql", "select 1"), ("status",), ("flush",)])
def test_command_without_a_run_says_so(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    finished = local_runtime(*arguments, "--state", str(tmp_path))
    assert finished.returncode == 2
    assert "no local run has this state" in finished.stderr


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("select from", "SYNTAX_ERROR"),
        ("select * from web_log_iceberg_db.missing", "TABLE_NOT_FOUND"),
        (f"select no_such_column from {TABLE}", "COLUMN_NOT_FOUND"),
    ],
)
def test_wrong_sql_is_athenas_error(run: LocalRunProcess, statement: str, code: str) -> None:
    finished = run.command("sql", statement)
    assert finished.returncode == 2
    assert code in finished.stderr
    assert "Traceback" not in finished.stderr


def test_status_adds_up(run: LocalRunProcess) -> None:
    assert put(run, "records", records(json.dumps(event("counted")), "poison"))[0] == 200
    run.flush()
    status = json.loads(run.command("status", "--json").stdout)
    (delivery,), (stream,), (table,) = status["deliveries"], status["streams"], status["tables"]
    counters = delivery["counters"]
    assert stream["records"] == counters["stored"] + counters.get("processing-failed", 0)
    assert table["rows"] == counters["stored"]
    assert delivery["waiting"] == 0
    shown = run.command("status").stdout
    assert f"{counters['stored']} stored, 0 waiting" in shown


def test_demo_closes_its_account(assembly_directory: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "src/utils/demo.py", "--events", "400", "--assembly", str(assembly_directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "The account closes: 400 accepted" in finished.stdout


def test_tail_prints_events_as_they_are_accepted(run: LocalRunProcess) -> None:
    command = [sys.executable, "-m", "local_runtime", "tail", "--seconds", "4", "--state", str(run.state)]
    tail = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    time.sleep(2)
    assert put(run, "records", records(json.dumps(event("tailed"))))[0] == 200
    printed = tail.communicate(timeout=30)[0]
    assert printed.count("tailed") == 1
    assert f" {STREAM} key-0 " in printed


def test_watch_keeps_the_status_live_until_it_is_interrupted(run: LocalRunProcess) -> None:
    command = [sys.executable, "-m", "local_runtime", "status", "--watch", "--state", str(run.state)]
    watch = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2)
    watch.send_signal(signal.SIGINT)
    printed, errors = watch.communicate(timeout=30)
    assert watch.returncode == 130
    assert "log-collector" in printed
    assert "Traceback" not in errors


def test_access_log_is_json_lines(run: LocalRunProcess) -> None:
    assert put(run, "records", records(json.dumps(event("logged"))))[0] == 200
    assert put(run, "records", "no json")[0] == 400
    lines = (run.state / "logs" / "access.log").read_text().splitlines()
    assert {json.loads(line)["status"] for line in lines} >= {"200", "400"}
