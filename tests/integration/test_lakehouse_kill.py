"""A process killed in the middle of a commit leaves a sound table: all of its rows, or none."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local_runtime.lakehouse.object_store import ObjectStore
from tests.unit.local_runtime.lakehouse.tables import BUCKET, DATABASE, TABLE, event, store, web_log_lakehouse

ROOT = Path(__file__).parents[2]

KILLED = """
import os, signal, sys
from pathlib import Path
from pyiceberg.catalog.sql import SqlCatalog
from local_runtime.lakehouse.durable_file import DurableFile
from tests.unit.local_runtime.lakehouse.tables import event, store, web_log_lakehouse

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

lakehouse = web_log_lakehouse(Path(sys.argv[1]))
commit = SqlCatalog.commit_table
match sys.argv[2]:
    case "in a data file":
        DurableFile.write = die
    case "before the commit":
        SqlCatalog.commit_table = die
    case "before the catalog's row":
        SqlCatalog._write_metadata = staticmethod(die)
    case "after the commit":
        SqlCatalog.commit_table = lambda *arguments: (commit(*arguments), die())
store(lakehouse, [event(user_id=f"lost-{index}") for index in range(10)], positions="new")
"""


@pytest.mark.parametrize(
    ("moment", "rows", "positions"),
    [
        ("in a data file", 1, "old"),
        ("before the commit", 1, "old"),
        ("before the catalog's row", 1, "old"),
        ("after the commit", 11, "new"),
    ],
)
def test_kill_leaves_rows_and_positions_together(
    tmp_path: Path, moment: str, rows: int, positions: str
) -> None:
    lakehouse = web_log_lakehouse(tmp_path)
    store(lakehouse, [event()], positions="old")
    lakehouse.close()

    process = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), moment],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr

    again = web_log_lakehouse(tmp_path)
    assert again.table(DATABASE, TABLE).scan().to_arrow().num_rows == rows
    assert again.snapshot_property(DATABASE, TABLE, "positions") == positions
    store(again, [event()])
    assert again.facts(DATABASE, TABLE).rows == rows + 1
    assert all(not key.endswith(".partial") for key in ObjectStore(tmp_path / "s3").list(BUCKET))
