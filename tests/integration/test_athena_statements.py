"""Statements that change tables, on a run that goes on delivering, and after a restart."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

from tests.conftest import LocalRunProcess, StartRun

TABLE = "web_log_iceberg_db.web_log_iceberg"
BUCKET = "s3://web-analytics-us-east-1-123456789012"


def put(run: LocalRunProcess, *users: str) -> None:
    """Send one event a user through the API; all must be accepted."""
    events = [
        {
            "user_id": user,
            "session_id": "s",
            "event": "view",
            "ip": "192.0.2.7",
            "hostname": "h",
            "uri": "/",
            "timestamp": "2026-11-21T10:00:00Z",
        }
        for user in users
    ]
    body = {"records": [{"data": json.dumps(item), "partition-key": item["user_id"]} for item in events]}
    connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=30)
    path = "/log-collector/v1/streams/PUT-Firehose-aEhWz/records"
    connection.request("PUT", path, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    assert (response.status, answer["FailedRecordCount"]) == (200, 0)


def test_tables_can_be_changed_while_events_arrive(start_run: StartRun, tmp_path: Path) -> None:
    count = f"SELECT user_id, COUNT(*) AS events FROM {TABLE} GROUP BY 1 ORDER BY 1"
    with start_run(tmp_path / "state", "--interval", "0.5") as run:
        put(run, "anna", "ben", "anna")
        run.flush()
        put(run, "cleo", "anna")  # arrives while the statements below run
        run.sql(f"DELETE FROM {TABLE} WHERE user_id = 'anna'")
        run.sql(f"UPDATE {TABLE} SET os = 'known' WHERE user_id = 'ben'")
        run.sql(
            f"CREATE TABLE web_log_iceberg_db.per_user WITH (external_location = '{BUCKET}/per_user/') "
            f"AS SELECT user_id, COUNT(*) AS events FROM {TABLE} WHERE user_id <> 'anna' GROUP BY 1"
        )
        run.sql(f"CREATE VIEW web_log_iceberg_db.known AS SELECT user_id FROM {TABLE} WHERE os = 'known'")
        run.flush()
        run.sql(f"DELETE FROM {TABLE} WHERE user_id = 'anna'")
        assert run.sql(count) == [{"user_id": "ben", "events": 1}, {"user_id": "cleo", "events": 1}]
    with start_run(tmp_path / "state", "--interval", "0.5") as run:
        run.flush()
        assert run.sql(count) == [{"user_id": "ben", "events": 1}, {"user_id": "cleo", "events": 1}]
        assert run.sql("SELECT * FROM web_log_iceberg_db.known") == [{"user_id": "ben"}]
        assert {"user_id": "ben", "events": 1} in run.sql("SELECT * FROM web_log_iceberg_db.per_user")
        run.sql(f"OPTIMIZE {TABLE} REWRITE DATA USING BIN_PACK")
        run.sql(f"VACUUM {TABLE}")
        assert run.sql(count)[0] == {"user_id": "ben", "events": 1}
