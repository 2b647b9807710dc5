"""`replay_failed_records.py` against a real run: repaired, put back once, also when it is killed half-way."""

from __future__ import annotations

import base64
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, LocalRunProcess, StartRun

STREAM = "PUT-Firehose-aEhWz"
TABLE = "web_log_iceberg_db.web_log_iceberg"
FIXES = """\
fixes:
  - rename: {from: userId, to: user_id}
    when: [missing_field]
  - cast: {field: ip, to: ip}
  - parse_timestamp: {field: timestamp, format: "%Y-%m-%d %H:%M:%S", timezone: Asia/Seoul}
"""


def event(**changes: Any) -> dict[str, Any]:
    fields = {
        "user_id": "u",
        "session_id": "s-1",
        "event": "view",
        "ip": "192.0.2.7",
        "hostname": "www.example.com",
        "uri": "/",
        "timestamp": "2026-11-21T10:00:00Z",
    }
    return {name: value for name, value in {**fields, **changes}.items() if value is not ...}


def send(run: LocalRunProcess, *data: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=30)
    path = f"/log-collector/v1/streams/{STREAM}/records"
    for start in range(0, len(data), 500):
        records = [{"data": text, "partition-key": text[-9:] or "k"} for text in data[start : start + 500]]
        connection.request(
            "PUT", path, json.dumps({"records": records}), {"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["FailedRecordCount"]) == (200, 0)
    connection.close()
    run.flush()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "src/utils/replay_failed_records.py", "--json", *arguments]


def environment(run: LocalRunProcess) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "AWS_ENDPOINT_URL": run.url}


def replay(run: LocalRunProcess, *arguments: str) -> dict[str, Any]:
    finished = subprocess.run(
        command(*arguments), cwd=ROOT, env=environment(run), capture_output=True, text=True, timeout=120
    )
    assert finished.returncode == 0, finished.stderr + finished.stdout
    return dict(json.loads(finished.stdout))


def lines(run: LocalRunProcess, folder: str) -> list[dict[str, Any]]:
    (bucket,) = (run.state / "s3").glob("web-analytics-*")
    files = sorted(path for path in (bucket / folder).rglob("*") if path.is_file())
    return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]


@pytest.fixture
def run(start_run: StartRun, tmp_path: Path) -> Iterator[LocalRunProcess]:
    with start_run(tmp_path / "state", "--interval", "300") as started:
        yield started


def test_repaired_records_are_stored_once_however_often_it_is_run(
    run: LocalRunProcess, tmp_path: Path
) -> None:
    good = [json.dumps(event(user_id=f"good-{number}")) for number in range(20)]
    bad = [
        json.dumps(event(user_id=..., userId="renamed")),
        json.dumps(event(user_id="cast", ip=3221226036)),
        json.dumps(event(user_id="seoul", timestamp="2026-11-21 19:00:00", event_id="own-1")),
        "not json",
        "[]",
    ]
    send(run, *good, *bad)
    fixes = tmp_path / "fixes.yaml"
    fixes.write_text(FIXES)

    before = lines(run, "error")
    dry = replay(run, "--dry-run", "--fixes", str(fixes), "--samples", "2")
    figures = {name: dry[name] for name in ("read", "passes_when_repaired", "unrecoverable", "put_back_now")}
    assert figures == {"read": 5, "passes_when_repaired": 3, "unrecoverable": 2, "put_back_now": 0}
    assert {group["reason"] for group in dry["groups"]} == {
        "missing_field", "wrong_type", "bad_timestamp", "not_json", "not_an_object"
    }  # fmt: skip
    assert lines(run, "error") == before

    report = replay(run, "--fixes", str(fixes))
    assert (report["put_back_now"], report["unrecoverable"], report["adds_up"]) == (3, 2, True)
    assert lines(run, "error") == []
    assert sorted(item["replay"]["reason"] for item in lines(run, "unrecoverable")) == [
        "not_an_object",
        "not_json",
    ]

    again = replay(run, "--fixes", str(fixes))
    assert (again["read"], again["put_back_now"]) == (0, 0)
    run.flush()
    rows = run.sql(f"select user_id, ip, \"timestamp\", event_id from {TABLE} where user_id not like 'good%'")
    ids = {item["replay"]["eventId"] for item in lines(run, "replayed")}
    assert {row["event_id"] for row in rows} == ids
    assert "own-1" in ids
    found = {row["user_id"]: (row["ip"], str(row["timestamp"])[:19].replace("T", " ")) for row in rows}
    assert (len(rows), found) == (
        3,
        {
            "renamed": ("192.0.2.7", "2026-11-21 10:00:00"),
            "cast": ("192.0.2.52", "2026-11-21 10:00:00"),
            "seoul": ("192.0.2.7", "2026-11-21 10:00:00"),
        },
    )


def test_replay_that_is_killed_half_way_and_run_again_puts_every_record_once(
    run: LocalRunProcess, tmp_path: Path
) -> None:
    count = 1500
    send(run, *[json.dumps(event(user_id=..., userId=f"u{number:05}")) for number in range(count)])
    assert len(lines(run, "error")) == count
    fixes = tmp_path / "fixes.yaml"
    fixes.write_text(FIXES)
    arguments = ("--fixes", str(fixes), "--batch-size", "5")
    killed = subprocess.Popen(
        command(*arguments), cwd=ROOT, env=environment(run), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        wait_for(lambda: len(ledger_files(run)) >= 60, killed)
    finally:
        killed.kill()
        killed.communicate()
    put_before = sum(json.loads(path.read_bytes())["put"] is not None for path in ledger_files(run))
    assert 50 <= put_before < count / 5
    assert len(lines(run, "error")) == count

    report = replay(run, *arguments)
    assert report["read"] == count
    assert report["put_back_before"] + report["put_back_now"] == count
    assert report["put_back_before"] >= put_before * 5
    run.flush()
    (row,) = run.sql(f"select count(*) as n, count(distinct user_id) as users from {TABLE}")
    assert row == {"n": count, "users": count}
    assert (lines(run, "error"), len(lines(run, "replayed"))) == ([], count)


def test_record_that_fails_again_can_be_put_back_again(run: LocalRunProcess, tmp_path: Path) -> None:
    send(run, json.dumps(event(user_id=..., userId="renamed")), "[]")
    assert replay(run, "--dry-run")["lie_under_unrecoverable"] is None
    first = replay(run)
    assert (first["unrecoverable"], first["lie_under_unrecoverable"]) == (2, 2)
    again = replay(run)
    assert (again["read"], again["lie_under_unrecoverable"]) == (0, 2)
    fixes = tmp_path / "fixes.yaml"
    fixes.write_text(FIXES)
    report = replay(run, "--fixes", str(fixes), "--retry-unrecoverable")
    assert (report["read"], report["passes_when_repaired"], report["unrecoverable"]) == (2, 1, 1)
    (left,) = lines(run, "unrecoverable")
    assert base64.b64decode(left["rawData"]) == b"[]"
    run.flush()
    assert run.sql(f"select user_id from {TABLE}") == [{"user_id": "renamed"}]


def test_nothing_is_moved_when_stream_or_function_is_not_there(run: LocalRunProcess) -> None:
    send(run, "[]")
    before = lines(run, "error")
    for option, what in (("--stream-name", "Kinesis stream"), ("--function-name", "Lambda function")):
        finished = subprocess.run(
            command(option, "nope"),
            cwd=ROOT,
            env=environment(run),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (finished.returncode, finished.stdout) == (2, "")
        assert finished.stderr == f"error: {option}: there is no {what} 'nope' in this account and region.\n"
        assert (lines(run, "error"), lines(run, "unrecoverable")) == (before, [])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("fixes: [{cast: {field: ip, to: float}}]", "fixes[0].cast.to: invalid enum value 'float'"),
        ("fixes: [{drop: {field: x}, when: missing}]", "fixes[0].when: expected `array"),
        ("fixes: [{drop: {field: x}, cast: {field: x, to: ip}}]", "fixes[0]: a step must be exactly one of"),
        ("fixes: [{rename: {from: a}}]", "fixes[0].rename: object missing required field `to`"),
        ("repairs: []", "object contains unknown field `repairs`"),
        ("fixes: [", "is no YAML: "),
    ],
)
def test_mistake_in_the_fixes_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    fixes = tmp_path / "fixes.yaml"
    fixes.write_text(text)
    finished = subprocess.run(
        command("--fixes", str(fixes)),
        cwd=ROOT,
        env={"PATH": "/"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert finished.returncode == 2
    assert f"error: {fixes}: {complaint}" in finished.stderr


def ledger_files(run: LocalRunProcess) -> list[Path]:
    return [path for path in (run.state / "s3").rglob("replay-ledger/batches/*.json") if path.is_file()]


def wait_for(is_there: Any, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not is_there():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
