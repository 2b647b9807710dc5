"""The queries on clicks: answers worked out by hand, each click once, and no partition to repair."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_runtime.athena.engine import Athena
from local_runtime.lakehouse.lakehouse import Lakehouse
from tests.conftest import ROOT
from tests.unit.local_runtime.lakehouse.tables import open_lakehouse

SQL = ROOT / "sql" / "click_logger"
BUCKET = "click-logger-us-east-1-123456789012"
YESTERDAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)

# request, context, caller, component, hour; r1 came twice and was sent twice, r5 with another component.
CLICKS = [
    ("r1", "c1", "shop", "buy", 9),
    ("r1", "c1", "shop", "buy", 9),
    ("r1", "c1", "shop", "buy", 10),
    ("r2", "c1", "shop", "menu", 10),
    ("r3", "c2", "shop", "buy", 10),
    ("r4", "c3", "blog", "menu", 10),
    ("r1", "c4", "blog", "buy", 11),
    ("r5", "c5", "blog", "help", 9),
    ("r5", "c5", "blog", "menu", 10),
]
HOURS = [YESTERDAY + timedelta(hours=hour) for hour in (9, 10, 11)]
ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "clicks_by_component": [("buy", 3, 2), ("menu", 3, 2)],
    "clicks_by_caller": [("blog", 3, 3, 2), ("shop", 3, 2, 2)],
    "clicks_by_hour": [
        (hour.replace(tzinfo=None), clicks, callers)
        for hour, clicks, callers in zip(HOURS, (2, 3, 1), (2, 2, 1), strict=True)
    ],
}


def parquet(rows: list[tuple[str, str, str, str, int]], day: datetime) -> bytes:
    names = ["requestid", "contextid", "callerid", "component"]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    columns |= {name: ["x"] * len(rows) for name in ("action", "type", "clientip")}
    times = pa.array(
        [(day + timedelta(hours=row[4])).replace(tzinfo=None) for row in rows], pa.timestamp("us")
    )
    sink = io.BytesIO()
    pq.write_table(pa.table({**columns, "createdtime": times}), sink)
    return sink.getvalue()


def click_lakehouse(state: Path) -> tuple[Athena, Lakehouse]:
    """The hand-made table on an empty bucket."""
    lakehouse = open_lakehouse(state)
    lakehouse.objects.create_bucket(BUCKET)
    lakehouse.create_database("click_logger_db")
    athena = Athena(lakehouse)
    athena.execute((SQL / "tables" / "click_log.sql").read_text())
    return athena, lakehouse


@pytest.fixture(scope="module")
def without_clicks(tmp_path_factory: pytest.TempPathFactory) -> Athena:
    return click_lakehouse(tmp_path_factory.mktemp("empty"))[0]


@pytest.fixture(scope="module")
def with_clicks(tmp_path_factory: pytest.TempPathFactory) -> Athena:
    athena, lakehouse = click_lakehouse(tmp_path_factory.mktemp("state"))
    for day, rows in ((YESTERDAY, CLICKS), (LONG_AGO, CLICKS[:1])):
        lakehouse.objects.put(BUCKET, f"clicklog/data={day:%Y-%m-%d}/part.parquet", parquet(rows, day))
    return athena


def answer(athena: Athena, name: str) -> list[tuple[Any, ...]]:
    return list(athena.execute((SQL / "queries" / f"{name}.sql").read_text()).rows)


def test_every_query_has_an_expected_answer() -> None:
    assert sorted(ANSWERS) == sorted(path.stem for path in (SQL / "queries").glob("*.sql"))


@pytest.mark.parametrize("name", ANSWERS)
def test_query_on_an_empty_table_gives_no_error(without_clicks: Athena, name: str) -> None:
    assert answer(without_clicks, name) == []


@pytest.mark.parametrize("name", ANSWERS)
def test_query_counts_each_click_of_its_days_once(with_clicks: Athena, name: str) -> None:
    assert answer(with_clicks, name) == ANSWERS[name]


def test_days_are_found_without_a_repair(with_clicks: Athena) -> None:
    found = with_clicks.execute("select data, count(*) from click_logger_db.click_log group by 1 order by 1")
    assert found.rows == [("2026-01-02", 1), (f"{YESTERDAY:%Y-%m-%d}", len(CLICKS))]
