"""1,000 rows into a table of 100,000: our keyed write and append beside PyIceberg's upsert and append."""

import tempfile
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import pyarrow as pa
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.types import NestedField, StringType

from benchmarks.measure import Result, in_process
from local_runtime.lakehouse.data_files import commit_files, write_rows
from local_runtime.lakehouse.keyed_write import write_changes
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.lakehouse.object_store import ObjectStore
from local_runtime.lakehouse.table_definition import TableDefinition

NAME = "upsert: 1,000 rows into 100,000"
STORED, CHANGED = 100_000, 1_000
ROUNDS = 3
PROPERTIES = {"write.parquet.compression-codec": "snappy"}
"""As the main system's table."""
COLUMNS = ("user_id", "session_id", "event", "uri", "user_agent")
OURS, THEIRS = "keyed write", "PyIceberg upsert"


def run() -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        lakehouse = Lakehouse(Path(folder), ObjectStore(Path(folder) / "s3"))
        try:
            return [
                *upserts(lakehouse, ["user_id"], target=None),
                *upserts(lakehouse, ["user_id", "session_id"], target=10),
                *appends(lakehouse),
            ]
        finally:
            lakehouse.close()


def upserts(lakehouse: Lakehouse, keys: list[str], *, target: float | None) -> list[Result]:
    """Half of the rows replace one, half are new. CPU seconds of this process, all its threads."""
    ours, theirs = (table_with_rows(lakehouse, f"{name}_{len(keys)}") for name in ("ours", "theirs"))
    our_first, their_first = (count(STORED - CHANGED // 2, CHANGED // 2) for _ in range(2))
    rounds = in_process(
        {
            OURS: lambda: write_changes(ours, rows_from(next(our_first)), ["update"] * CHANGED, keys, {}),
            THEIRS: lambda: theirs.upsert(rows_from(next(their_first)), join_cols=keys),
        },
        rounds=ROUNDS,
    )
    suffix = f"{len(keys)} key{'s' if len(keys) > 1 else ''}"
    return [
        Result(
            name=f"{OURS} / {THEIRS}, {suffix}", value=rounds.ratio(THEIRS, OURS), unit="x", target=target
        ),
        Result(name=f"{OURS}, {suffix}", value=rounds.median(OURS) * 1e3, unit="CPU ms", better="lower"),
        Result(name=f"{THEIRS}, {suffix}", value=rounds.median(THEIRS) * 1e3, unit="CPU ms", better="lower"),
    ]


def appends(lakehouse: Lakehouse) -> list[Result]:
    ours, theirs = (table_with_rows(lakehouse, f"{name}_append") for name in ("ours", "theirs"))
    rows = rows_from(0)
    variants: dict[str, Callable[[], object]] = {
        "append": lambda: commit_files(ours, added=write_rows(ours, rows), summary={}),
        "PyIceberg append": partial(theirs.append, rows),
    }
    rounds = in_process(variants, rounds=ROUNDS * 3)
    return [
        Result(
            name="append / PyIceberg append",
            value=rounds.ratio("append", "PyIceberg append"),
            unit="x the CPU",
            target=1.2,
            better="lower",
        ),
        Result(name="append", value=rounds.median("append") * 1e3, unit="CPU ms", better="lower"),
    ]


def table_with_rows(lakehouse: Lakehouse, name: str) -> Table:
    """An unpartitioned table: on a partitioned one PyIceberg's upsert gives wrong rows."""
    lakehouse.create_database("bench")
    lakehouse.objects.create_bucket("bench")
    fields = [NestedField(index, column, StringType()) for index, column in enumerate(COLUMNS, start=1)]
    table = lakehouse.create_table(
        TableDefinition(
            "bench", name, f"s3://bench/{name}", Schema(*fields), UNPARTITIONED_PARTITION_SPEC, {}
        )
    )
    commit_files(table, added=write_rows(table, rows_from(0, STORED)), summary={})
    return table


def rows_from(first: int, number: int = CHANGED) -> pa.Table:
    numbers = range(first, first + number)
    columns = {
        column: pa.array([f"{column}-{value}" for value in numbers], pa.large_string()) for column in COLUMNS
    }
    # An update that changes nothing is left out by PyIceberg.
    columns["uri"] = pa.array([f"/{first}/{value}" for value in numbers], pa.large_string())
    return pa.table(columns)
