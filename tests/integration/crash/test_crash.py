"""The run is killed again and again under load: what was acknowledged is there, and every row once.

`CRASH_KILLS=60` makes 30 kills at named points and 30 at random moments (`make test-crash`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LocalRunProcess, StartRun
from tests.integration.crash.harness import TABLE, CrashHarness, is_bad, user_of

KILLS = int(os.environ.get("CRASH_KILLS", "5"))

pytestmark = pytest.mark.timeout(60 + 20 * KILLS)


def with_unique_keys(assembly: Path, target: Path) -> Path:
    """The same app with `unique_keys: ["user_id"]`: every event updates its user's row."""
    shutil.copytree(assembly, target)
    for path in target.glob("*.template.json"):
        template = json.loads(path.read_text())
        for resource in template["Resources"].values():
            _set_unique_keys(resource["Type"], resource.get("Properties", {}))
        path.write_text(json.dumps(template))
    return target


def _set_unique_keys(kind: str, properties: dict[str, Any]) -> None:
    if kind == "AWS::KinesisFirehose::DeliveryStream":
        destination = properties["IcebergDestinationConfiguration"]
        destination["AppendOnly"] = False
        destination["DestinationTableConfigurationList"][0]["UniqueKeys"] = ["user_id"]
    if kind == "AWS::Lambda::Function":
        variables = properties.get("Environment", {}).get("Variables", {})
        if "ICEBERG_TABLE_NAME" in variables:
            variables["ICEBERG_UNIQUE_KEYS"] = "user_id"


def all_rows(run: LocalRunProcess) -> list[dict[str, Any]]:
    return run.sql(f"select user_id, session_id from {TABLE}")


def test_inserts_survive_kills(start_run: StartRun, tmp_path: Path) -> None:
    harness = CrashHarness(start_run, tmp_path / "state", 1)
    harness.crash(KILLS)
    account, rows, errors = harness.settle(all_rows)
    failed = [int(event["session_id"]) for event in errors]
    print(f"\ninserts, {account}")

    stored = Counter(int(row["session_id"]) for row in rows)
    assert set(stored.values()) <= {1}, "a row was written twice"
    assert max(Counter(failed).values(), default=0) <= 1, "a failed record was kept twice"
    known = set(harness.acknowledged) | set(harness.unknown)
    assert {number for number in harness.acknowledged if not is_bad(number)} <= set(stored) <= known
    assert {number for number in harness.acknowledged if is_bad(number)} <= set(failed) <= known
    assert (len(stored), len(failed)) == (account.stored, account.failed)


def test_upserts_survive_kills(start_run: StartRun, assembly_directory: Path, tmp_path: Path) -> None:
    assembly = with_unique_keys(assembly_directory, tmp_path / "cdk.out")
    harness = CrashHarness(start_run, tmp_path / "state", 2, "--assembly", str(assembly))
    harness.crash(KILLS)
    account, rows, errors = harness.settle(all_rows)
    failed = [int(event["session_id"]) for event in errors]
    print(f"\nupserts, {account}")

    newest = {row["user_id"]: int(row["session_id"]) for row in rows}
    assert len(newest) == len(rows), "a key has two rows"
    known = set(harness.acknowledged) | set(harness.unknown)
    assert set(newest.values()) <= known
    for number in harness.acknowledged:
        if not is_bad(number):
            assert newest[user_of(number)] >= number, "an acknowledged update is lost"
    assert {number for number in harness.acknowledged if is_bad(number)} <= set(failed) <= known
    assert len(failed) == len(set(failed)) == account.failed
