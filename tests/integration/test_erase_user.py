"""`erase_user.py` end to end on a real run: afterwards no file of the state holds the id.

What AWS keeps until the stream's retention is over, the test lets expire by a clock of its own.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from local_runtime.kinesis.store import StreamStore
from tests.conftest import ROOT, LocalRunProcess, StartRun

STREAM = "PUT-Firehose-aEhWz"
TABLE = "web_log_iceberg_db.web_log_iceberg"
ERASED, KEPT = "person-to-be-erased-4711", "person-who-stays-4712"
"""Of one length and one stem, so that the two share dictionary pages and statistics."""


def put(run: LocalRunProcess, *data: str) -> None:
    import http.client

    records = [{"data": text, "partition-key": f"k{index}"} for index, text in enumerate(data)]
    connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=30)
    path = f"/log-collector/v1/streams/{STREAM}/records"
    connection.request("PUT", path, json.dumps({"records": records}), {"Content-Type": "application/json"})
    assert connection.getresponse().status == 200
    connection.close()


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


def tool(
    run: LocalRunProcess, name: str, *arguments: str, answer: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, f"src/utils/{name}.py", *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "AWS_ENDPOINT_URL": run.url},
        input=answer,
        capture_output=True,
        text=True,
        timeout=90,
    )


def files_that_hold(state: Path, text: str) -> list[str]:
    """Files with the text in their bytes, in what gzip packed, or in a value of a Parquet file."""
    wanted = text.encode()
    return sorted(
        str(path.relative_to(state))
        for path in state.rglob("*")
        if path.is_file() and any(wanted in data for data in _contents(path))
    )


def _contents(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    yield data
    if data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data)
    if data.startswith(b"PAR1"):
        yield json.dumps(pq.read_table(path).to_pylist(), default=str).encode()
    yield from _decoded_lines(data)


def _decoded_lines(data: bytes) -> Iterator[bytes]:
    """The records in Firehose's envelopes."""
    from base64 import b64decode

    if not data.startswith(b'{"attemptsMade"'):
        return
    for line in data.splitlines():
        yield b64decode(json.loads(line)["rawData"])


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("erase") / "state"


@pytest.fixture(scope="module")
def run(start_run: StartRun, state: Path) -> Iterator[LocalRunProcess]:
    with start_run(state, "--interval", "300") as started:
        for batch in range(3):
            put(started, *[event(f"other-{index}") for index in range(20)], event(ERASED), event(KEPT))
            put(
                started,
                event(ERASED, event="purchase"),
                event(ERASED, ip=7),
                f"broken {ERASED}",
                f"broken {batch}",
            )
            started.flush()
        put(started, event(KEPT, event="purchase"))
        started.flush()
        yield started


def rows_of(run: LocalRunProcess, user_id: str) -> int:
    return int(run.sql(f"select count(*) as n from {TABLE} where user_id = '{user_id}'")[0]["n"])


def test_dry_run_says_where_the_person_is_and_changes_nothing(run: LocalRunProcess) -> None:
    finished = tool(run, "erase_user", ERASED, "--dry-run")
    assert finished.returncode == 0, finished.stderr
    assert "6 rows of the table" in finished.stderr
    assert "3 failed records in 3 error objects" in finished.stderr
    assert "3 possible mentions in other failed records, which are not erased" in finished.stderr
    assert rows_of(run, ERASED) == 6


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_erasure_that_is_not_confirmed_does_nothing(run: LocalRunProcess, answer: str) -> None:
    finished = tool(run, "erase_user", ERASED, answer=answer)
    assert finished.returncode in (1, 130)
    assert rows_of(run, ERASED) == 6


def test_person_is_erased_and_the_others_stay(run: LocalRunProcess, state: Path) -> None:
    before = files_that_hold(state, ERASED)
    assert any(name.endswith(".parquet") for name in before)
    assert any("processing-failed" in name for name in before)
    arguments = ("--yes", "--wait", "--expire-after", "0", "--json")
    finished = tool(run, "erase_user", ERASED, *arguments)
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    assert (report["rows_deleted"], report["rows_left"], report["complete"]) == (6, 0, True)
    assert sum(item["lines"] for item in report["error_objects"]) == 3
    assert report["possible_mentions_left"] == 3
    assert any("stream keeps every event for 24 hours" in line for line in report["remains"])
    assert (rows_of(run, ERASED), rows_of(run, KEPT)) == (0, 4)
    assert run.sql(f"select count(*) as n from {TABLE}") == [{"n": 64}]
    left = [name for name in files_that_hold(state, ERASED) if name.startswith("s3/")]
    assert len(left) == 3
    assert all("processing-failed" in name for name in left)


def test_short_id_is_nobody_elses_end(run: LocalRunProcess, state: Path) -> None:
    objects = {
        path: path.read_bytes() for path in (state / "s3").rglob("error/**/*-failed/**/*") if path.is_file()
    }
    finished = tool(run, "erase_user", "1", "--yes")
    assert finished.returncode == 0, finished.stderr
    assert "0 failed records in 0 error objects" in finished.stderr
    assert objects
    assert all(path.read_bytes() == data for path, data in objects.items())


def test_possible_mentions_are_erased_when_asked_for(run: LocalRunProcess, state: Path) -> None:
    arguments = ("--yes", "--expire-after", "0", "--also-mentions", "--json")
    finished = tool(run, "erase_user", ERASED, *arguments)
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    assert sum(item["lines"] for item in report["error_objects"]) == 3
    assert (report["possible_mentions_left"], report["complete"]) == (0, True)
    assert [name for name in files_that_hold(state, ERASED) if name.startswith("s3/")] == []


def test_stream_that_does_not_exist_is_named_before_anything_is_erased(run: LocalRunProcess) -> None:
    finished = tool(run, "erase_user", KEPT, "--yes", "--stream-name", "nope")
    assert finished.returncode == 2
    assert finished.stderr == (
        "error: --stream-name: there is no Kinesis stream 'nope' in this account and region.\n"
    )
    assert rows_of(run, KEPT) == 4


def test_second_erasure_finds_nothing(run: LocalRunProcess) -> None:
    finished = tool(run, "erase_user", "-", "--yes", "--expire-after", "0", answer=f"{ERASED}\n")
    assert finished.returncode == 0, finished.stderr
    assert "0 rows of the table" in finished.stderr
    assert "Erased 0 rows and 0 failed records" in finished.stdout


def test_account_of_the_past_still_closes(run: LocalRunProcess) -> None:
    finished = tool(run, "reconcile", "--last", "1h", "--json")
    account = json.loads(finished.stdout)
    figures = {name: account[name] for name in ("accepted", "stored", "erased", "rejected", "difference")}
    assert figures == {"accepted": 79, "stored": 64, "erased": 6, "rejected": 9, "difference": 0}
    assert finished.returncode == 0


def test_no_file_holds_the_id_when_the_stream_has_forgotten_it(
    run: LocalRunProcess, state: Path, start_run: StartRun
) -> None:
    run.process.terminate()
    run.process.communicate(timeout=30)
    assert [name for name in files_that_hold(state, ERASED) if name.startswith("kinesis.db")]
    store = StreamStore(state / "kinesis.db", clock=lambda: time.time() + 25 * 3600)
    assert store.trim() == 79
    store.close()
    with start_run(state, "--interval", "300") as again:
        assert rows_of(again, KEPT) == 4
    assert files_that_hold(state, ERASED) == []
    assert sqlite3.connect(state / "kinesis.db").execute("select count(*) from records").fetchone() == (0,)
