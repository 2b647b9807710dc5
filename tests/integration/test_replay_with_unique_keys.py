"""With `unique_keys: ["event_id"]` a row is one event, however often a client, or a replay, sends it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, LocalRunProcess, StartRun

TABLE = "web_log_iceberg_db.web_log_iceberg"
KEYED = {"destination_iceberg_table_configuration": {"unique_keys": ["event_id"]}}


def event(user_id: str, **changes: Any) -> str:
    fields = {
        "user_id": user_id,
        "session_id": "s-1",
        "event": "view",
        "ip": "192.0.2.7",
        "hostname": "www.example.com",
        "uri": "/",
        "timestamp": "2026-11-21T10:00:00Z",
    }
    return json.dumps({**fields, **changes})


def send(run: LocalRunProcess, *data: str) -> None:
    records = [{"data": text, "partition-key": f"k{index}"} for index, text in enumerate(data)]
    connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=30)
    path = "/log-collector/v1/streams/PUT-Firehose-aEhWz/records"
    connection.request("PUT", path, json.dumps({"records": records}), {"Content-Type": "application/json"})
    assert connection.getresponse().status == 200
    connection.close()
    run.flush()


@pytest.fixture
def keyed_assembly(tmp_path: Path) -> Path:
    directory = tmp_path / "cdk.out"
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    context |= {"data_firehose_configuration": KEYED}
    variables = {name: value for name, value in os.environ.items() if not name.startswith("CDK_")}
    variables |= {"CDK_OUTDIR": str(directory), "CDK_CONTEXT_JSON": json.dumps(context)}
    subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=variables, check=True, capture_output=True, timeout=120
    )
    return directory


def test_events_that_come_again_merge_by_their_own_id_or_by_their_content(
    keyed_assembly: Path, start_run: StartRun, tmp_path: Path
) -> None:
    options = ("--interval", "300", "--assembly", str(keyed_assembly))
    with start_run(tmp_path / "state", *options) as run:
        send(run, event("by-content"), event("by-content") + "\n", event("by-id", event_id="1", uri="/old"))
        send(run, event("by-content"), event("by-id", event_id="1", uri="/new"), event("other"))
        rows = run.sql(f"select user_id, uri, event_id, received_at from {TABLE} order by user_id")
    assert [(row["user_id"], row["uri"]) for row in rows] == [
        ("by-content", "/"),
        ("by-id", "/new"),
        ("other", "/"),
    ]
    assert [len(row["event_id"]) for row in rows] == [32, 1, 32]
    assert all(row["received_at"] is not None for row in rows)
