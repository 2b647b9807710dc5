"""`reconcile.py` against a real run: it closes, and it finds what was made to disappear."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, LocalRunProcess, StartRun

STREAM = "PUT-Firehose-aEhWz"


def event(user_id: str, **changes: Any) -> str:
    values = {
        "user_id": user_id,
        "session_id": "s-1",
        "event": "view",
        "ip": "192.0.2.7",
        "hostname": "www.example.com",
        "uri": "/",
        "timestamp": "2026-11-21T10:00:00Z",
        **changes,
    }
    return json.dumps(values)


def send(run: LocalRunProcess, *data: str) -> None:
    records = [{"data": text, "partition-key": f"k{index}"} for index, text in enumerate(data)]
    connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=30)
    path = f"/log-collector/v1/streams/{STREAM}/records"
    connection.request("PUT", path, json.dumps({"records": records}), {"Content-Type": "application/json"})
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["FailedRecordCount"]) == (200, 0)
    connection.close()


def reconcile(
    run: LocalRunProcess, environment: dict[str, str], *arguments: str
) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "src/utils/reconcile.py", "--last", "1h", "--json", *arguments]
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert not finished.stderr, finished.stderr
    return finished.returncode, json.loads(finished.stdout)


@pytest.fixture(scope="module")
def run(start_run: StartRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunProcess]:
    with start_run(tmp_path_factory.mktemp("state"), "--interval", "300") as started:
        yield started


@pytest.fixture(scope="module")
def environment(run: LocalRunProcess) -> dict[str, str]:
    """No credentials and no region: the local run asks for neither."""
    return {"PATH": "/usr/bin:/bin", "AWS_ENDPOINT_URL": run.url}


def test_account_of_good_and_bad_records_closes_before_and_after_delivery(
    run: LocalRunProcess, environment: dict[str, str]
) -> None:
    send(run, *[event(f"u{index}") for index in range(95)], *["not json"] * 3, event("x", ip=7), '{"a": 1}')
    code, account = reconcile(run, environment)
    assert (code, account["accepted"], account["in_flight"], account["stored"]) == (0, 100, 100, 0)
    run.flush()
    code, account = reconcile(run, environment)
    figures = {name: account[name] for name in ("accepted", "stored", "rejected", "in_flight", "difference")}
    assert figures == {"accepted": 100, "stored": 95, "rejected": 5, "in_flight": 0, "difference": 0}
    assert account["rejected_by_reason"] == {"not_json": 3, "missing_field": 1, "wrong_type": 1}
    assert account["api"] == {"requests": 1, "refused (4xx)": 0, "failed (5xx)": 0}
    assert account["stored_counted_by"] == "received_at"
    assert (code, account["closes"]) == (0, True)


def test_replayed_failures_are_records_that_failed_and_were_accepted_again(
    run: LocalRunProcess, environment: dict[str, str]
) -> None:
    (failed,) = error_objects(run.state)
    bucket = failed.relative_to(run.state / "s3").parts[0]
    moved = run.state / "s3" / bucket / "replayed" / failed.relative_to(run.state / "s3" / bucket)
    moved.parent.mkdir(parents=True)
    failed.rename(moved)
    send(run, *[event("repaired")] * 5)
    run.flush()
    code, account = reconcile(run, environment)
    assert (account["accepted"], account["stored"], account["rejected"]) == (105, 100, 5)
    assert (code, account["replayed_since"], account["difference"]) == (0, 5, 0)
    moved.rename(failed)


def test_error_object_that_disappears_leaves_the_account_open(
    run: LocalRunProcess, environment: dict[str, str]
) -> None:
    (failed,) = error_objects(run.state)
    data = failed.read_bytes()
    failed.unlink()
    try:
        assert reconcile(run, environment)[1]["in_flight"] == 5
        code, account = reconcile(run, environment, "--longest-delay", "0")
        assert (code, account["closes"], account["difference"]) == (1, False, 5)
        assert reconcile(run, environment, "--longest-delay", "0", "--tolerance", "5")[0] == 0
    finally:
        failed.write_bytes(data)
    assert reconcile(run, environment)[0] == 0


def test_table_for_a_terminal_says_what_it_counted_where(
    run: LocalRunProcess, environment: dict[str, str]
) -> None:
    command = [sys.executable, "src/utils/reconcile.py", "--last", "1h"]
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    for text in ("CloudWatch: IncomingRecords", "Athena: rows by received_at", "S3: error objects"):
        assert text in finished.stdout
    assert "The account closes: 105 accepted, all accounted for." in finished.stdout


@pytest.mark.parametrize(
    ("option", "what"), [("--stream-name", "Kinesis stream"), ("--delivery-stream", "Firehose stream")]
)
def test_stream_that_does_not_exist_is_named(
    run: LocalRunProcess, environment: dict[str, str], option: str, what: str
) -> None:
    command = [sys.executable, "src/utils/reconcile.py", "--last", "1h", option, "nope"]
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr == f"error: {option}: there is no {what} 'nope' in this account and region.\n"


def test_table_that_does_not_exist_is_named(run: LocalRunProcess, environment: dict[str, str]) -> None:
    command = [sys.executable, "src/utils/reconcile.py", "--last", "1h", "--table", "missing"]
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert finished.returncode == 2
    assert "missing" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


def error_objects(state: Path) -> list[Path]:
    return [path for path in (state / "s3").rglob("error/**/*-failed/**/*") if path.is_file()]
