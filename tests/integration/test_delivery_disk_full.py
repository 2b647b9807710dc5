"""A disk that is full during a delivery: nothing is lost, and it goes on by itself when there is room."""

from __future__ import annotations

import http.client
import json
import resource
from contextlib import closing
from pathlib import Path

from tests.conftest import LocalRunProcess, StartRun

STREAM = "PUT-Firehose-aEhWz"
TABLE = "web_log_iceberg_db.web_log_iceberg"
RECORDS = 200


def put(run: LocalRunProcess, first: int) -> int:
    events = [
        {
            "user_id": str(number),
            "session_id": "s",
            "event": "view",
            "ip": "192.0.2.7",
            "hostname": "www.example.com",
            "uri": "/",
            "timestamp": "2026-11-21T10:00:00Z",
        }
        for number in range(first, first + RECORDS)
    ]
    records = [{"data": json.dumps(event) + "\n", "partition-key": event["user_id"]} for event in events]
    with closing(http.client.HTTPConnection("127.0.0.1", run.port, timeout=30)) as connection:
        path = f"/log-collector/v1/streams/{STREAM}/records"
        connection.request(
            "PUT", path, json.dumps({"records": records}), {"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        response.read()
        return response.status


def limit_files(run: LocalRunProcess, size: int) -> None:
    """No file of the run may grow beyond a size: writes fail as on a full disk, with another number."""
    _, hard = resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def test_full_disk_during_delivery_loses_and_doubles_nothing(start_run: StartRun, tmp_path: Path) -> None:
    with start_run(tmp_path / "state", "--interval", "300") as run:
        assert put(run, 0) == 200
        run.flush()
        assert put(run, RECORDS) == 200
        limit_files(run, 1000)
        assert run.command("flush", "--timeout", "3").returncode == 2
        assert put(run, 10_000) >= 500, "what cannot be kept is not acknowledged"

        limit_files(run, resource.RLIM_INFINITY)
        run.flush()
        (row,) = run.sql(f"select count(*) as n, count(distinct user_id) as users from {TABLE}")
        assert row == {"n": 2 * RECORDS, "users": 2 * RECORDS}
        (delivery,) = json.loads(run.command("status", "--json").stdout)["deliveries"]
        assert delivery["last_error"] is None
        assert delivery["counters"]["stored"] == 2 * RECORDS
