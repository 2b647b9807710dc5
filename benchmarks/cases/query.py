"""Athena's SQL over a million rows, against DuckDB alone on the same files."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.measure import Result, in_process
from local_runtime.athena.engine import Athena
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.lakehouse.object_store import ObjectStore

NAME = "query: 1,000,000 rows in 120 files"
ROWS, COMMITS, ROUNDS = 1_000_000, 10, 15
EVENTS = ("visit", "view", "list", "like", "cart", "purchase")
DAYS = 2
TABLE = """create table db.events (user_id string, session_id string, event string, ip string,
`timestamp` timestamp, uri string) partitioned by (event, day(`timestamp`)) location 's3://bucket/db/events'
tblproperties ('table_type' = 'ICEBERG', 'write_compression' = 'snappy')"""
COUNT = "SELECT COUNT(*) FROM {source}"
GROUP_BY = (
    "SELECT event, COUNT(*) AS events, COUNT(DISTINCT user_id) AS users, MAX(timestamp) AS newest "
    "FROM {source} GROUP BY event ORDER BY events DESC, event"
)
TARGETS = {"COUNT(*)": (COUNT, 5.0), "GROUP BY with a distinct count": (GROUP_BY, 1.5)}


def run() -> list[Result]:
    results = []
    with filled_table() as (athena, files, connection):
        for name, (template, target) in TARGETS.items():
            results += compared(name, template, target, athena, files, connection)
    return results


def compared(
    name: str,
    template: str,
    target: float,
    athena: Athena,
    files: list[str],
    connection: duckdb.DuckDBPyConnection,
) -> list[Result]:
    """The same question both ways; the answers must be equal."""
    ours = partial(athena.execute, template.format(source="db.events"))
    duck = template.format(source="read_parquet($files, hive_partitioning = false)")
    alone = partial(answer, connection, duck, files)
    assert ours().rows == alone()
    rounds = in_process({"Athena": ours, "DuckDB": alone}, rounds=ROUNDS, warm_up=2)
    return [
        Result(
            name=f"{name}, times DuckDB alone",
            value=rounds.ratio("Athena", "DuckDB"),
            unit="x",
            target=target,
            better="lower",
        ),
        *(
            Result(name=f"{name}: {way}", value=rounds.median(way) * 1000, unit="CPU ms")
            for way in ("Athena", "DuckDB")
        ),
    ]


def answer(connection: duckdb.DuckDBPyConnection, sql: str, files: list[str]) -> list[tuple[object, ...]]:
    return connection.execute(sql, {"files": files}).fetchall()


@contextmanager
def filled_table() -> Iterator[tuple[Athena, list[str], duckdb.DuckDBPyConnection]]:
    """A table of events as ten deliveries leave it, its files, and a DuckDB to read them."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        lakehouse = Lakehouse(Path(folder), ObjectStore(Path(folder) / "s3"))
        lakehouse.create_database("db")
        athena = Athena(lakehouse)
        athena.execute(TABLE)
        for commit in range(COMMITS):
            lakehouse.append("db", "events", delivery(commit), {})
        files = [str(path) for path in Path(folder).rglob("*.parquet")]
        assert len(files) == COMMITS * len(EVENTS) * DAYS
        yield athena, files, connection
        lakehouse.close()


def delivery(commit: int) -> pa.Table:
    numbers = range(commit * ROWS // COMMITS, (commit + 1) * ROWS // COMMITS)
    start = datetime(2026, 11, 20)
    span = DAYS * 24 * 3600
    return pa.table(
        {
            "user_id": [f"user-{number * 7919 % 20_011}" for number in numbers],
            "session_id": [f"session-{number // 9}" for number in numbers],
            "event": [EVENTS[number * 31 % len(EVENTS)] for number in numbers],
            "ip": [f"192.0.2.{number % 251}" for number in numbers],
            "timestamp": pa.array(
                [start + timedelta(seconds=number * 104_729 % span) for number in numbers], pa.timestamp("us")
            ),
            "uri": [f"/products/{number % 997}" for number in numbers],
        }
    )
