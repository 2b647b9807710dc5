"""The queries of event_reporting over Parquet files as Firehose leaves them; answers worked out by hand."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from sqlglot import exp

from lambdas.event_reporting.period import Period
from lambdas.event_reporting.start_query.logic import parameters
from local_runtime.athena.engine import Athena
from local_runtime.lakehouse.lakehouse import Lakehouse
from tests.unit.local_runtime.lakehouse.tables import open_lakehouse

ROOT = Path(__file__).parents[2]
SQL = ROOT / "sql" / "event_reporting"
REPORT = (SQL / "jobs" / "report.sql").read_text(encoding="utf-8")
BUCKET = "events-dev-reporting-us-east-1-111122223333"
SCHEMA = pa.schema(
    {"id": pa.string(), "userid": pa.string(), "format": pa.string(), "timestamp": pa.timestamp("us")}
)
OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))

Event = tuple[str | None, str | None, str | None, datetime | None]


def at(month: int, day: int, *time: int) -> datetime:
    return datetime(2026, month, day, *time)


# Day of arrival -> events. October has seven, September three; two are of neither.
EVENTS: dict[str, Sequence[Event]] = {
    "2026-08-31": [("0", "anna", "pdf", at(8, 31, 23, 59))],
    "2026-09-12": [("1", "anna", "pdf", at(9, 12)), ("2", "ben", "html", at(9, 12, 10))],
    "2026-10-01": [
        ("3", "ben", "html", at(9, 30, 23, 59, 59)),
        ("4", "anna", "pdf", at(10, 1)),
        ("5", "anna", "pdf", at(10, 1, 0, 0, 1)),
    ],
    "2026-10-20": [("6", "cleo", "pdf", None), ("6", "cleo", "pdf", at(10, 20)), (None, None, None, None)],
    "2026-11-03": [
        ("7", "anna", None, at(10, 31, 23, 59, 59)),
        ("8", "dora", "csv", at(10, 15)),
        ("9", "dora", "csv", at(11, 1)),
    ],
}

# section, place, name, events, events_before, users, users_before, formats, ids
OF_OCTOBER = [
    ("total", 1, None, 7, 3, 3, 2, 2, 5),
    ("format", 1, "pdf", 4, 1, 2, 1, 1, 3),
    ("format", 2, None, 2, 0, 1, 0, 0, 1),
    ("format", 3, "csv", 1, 0, 1, 0, 1, 1),
    ("format", 4, "html", 0, 2, 0, 1, 0, 0),
    ("user", 1, "anna", 3, 1, 1, 1, 1, 3),
    ("user", 2, "cleo", 2, 0, 1, 0, 1, 1),
    ("user", 3, "dora", 1, 0, 1, 0, 1, 1),
    ("user", 4, None, 1, 0, 0, 0, 0, 0),
    ("user", 5, "ben", 0, 2, 0, 1, 0, 0),
]


def empty_table(root: Path) -> tuple[Lakehouse, Athena]:
    lakehouse = open_lakehouse(root)
    lakehouse.create_database("event_reporting")
    lakehouse.objects.create_bucket(BUCKET)
    athena = Athena(lakehouse)
    athena.execute((SQL / "tables" / "events.sql").read_text())
    return lakehouse, athena


def put(lakehouse: Lakehouse, day: str, events: Sequence[Event]) -> None:
    rows = [dict(zip(SCHEMA.names, event, strict=True)) for event in events]
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), file)
    lakehouse.objects.put(BUCKET, f"events/dt={day}/events.parquet", file.getvalue())


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Athena:
    lakehouse, athena = empty_table(tmp_path_factory.mktemp("state"))
    for day, events in EVENTS.items():
        put(lakehouse, day, events)
    return athena


def report(athena: Athena, period: Period) -> list[tuple[Any, ...]]:
    return athena.execute(REPORT, "event_reporting", parameters=parameters(period)).rows


def test_report_counts_what_happened_in_the_period_and_in_the_one_before(athena: Athena) -> None:
    assert report(athena, OCTOBER) == OF_OCTOBER


def test_mail_reads_the_columns_that_the_query_has(athena: Athena) -> None:
    answer = athena.execute(REPORT, "event_reporting", parameters=parameters(OCTOBER))
    assert [column.name for column in answer.columns] == [
        *("section", "place", "name"),
        *("events", "events_before", "users", "users_before", "formats", "ids"),
    ]


@pytest.mark.parametrize(
    "period",
    [
        Period(date(2026, 2, 1), date(2026, 2, 28)),  # days without files
        Period(date(2025, 2, 1), date(2025, 2, 28)),  # days before the table's first partition
        Period(date(2030, 2, 1), date(2030, 2, 28)),  # days that are yet to come
    ],
)
def test_empty_period_and_missing_partitions_are_one_row_of_zeros(athena: Athena, period: Period) -> None:
    assert report(athena, period) == [("total", 1, None, 0, 0, 0, 0, 0, 0)]


def test_table_without_any_file_can_be_reported_on(tmp_path: Path) -> None:
    _, athena = empty_table(tmp_path)
    assert report(athena, OCTOBER) == [("total", 1, None, 0, 0, 0, 0, 0, 0)]


def test_first_rows_are_those_that_the_mail_needs_however_many_follow(tmp_path: Path) -> None:
    lakehouse, athena = empty_table(tmp_path)
    events = [
        (f"{user}-{number}", f"user {user:02}", f"format {user:02}", at(10, 1 + user))
        for user in range(25)
        for number in range(25 - user)
    ]
    put(lakehouse, "2026-10-31", events)
    rows = report(athena, OCTOBER)
    assert len(rows) == 51
    assert [row[:3] for row in rows[:21]] == [
        ("total", 1, None),
        *(("format", place, f"format {place - 1:02}") for place in range(1, 11)),
        *(("user", place, f"user {place - 1:02}") for place in range(1, 11)),
    ]


def test_days_before_both_periods_are_not_read(athena: Athena) -> None:
    def scanned(period: Period) -> int:
        return athena.execute(
            REPORT, "event_reporting", parameters=parameters(period)
        ).statistics.data_scanned_in_bytes

    november = Period(date(2026, 11, 1), date(2026, 11, 30))
    in_two_years = Period(date(2028, 10, 1), date(2028, 10, 31))
    assert scanned(OCTOBER) > scanned(november) > scanned(in_two_years) == 0


def test_quotes_in_a_parameter_stay_in_the_parameter(athena: Athena) -> None:
    none = ["'2099-01-01'' or ''1''=''1'", "'2026-09-01'", "'2026-11-01'", "'2026-10-01'"]
    assert athena.execute(REPORT, "event_reporting", parameters=none).rows[0][3] == 0


def test_users_by_format(athena: Athena) -> None:
    text = (SQL / "queries" / "users_by_format.sql").read_text()
    assert athena.execute(text, "event_reporting").rows == [
        ("pdf", 6, 2, 50.0),
        ("(none)", 2, 1, 16.7),
        ("csv", 2, 1, 16.7),
        ("html", 2, 1, 16.7),
    ]


def test_late_events(athena: Athena) -> None:
    text = (SQL / "queries" / "late_events.sql").read_text()
    assert athena.execute(text, "event_reporting").rows == [(0, 6), (1, 1), (2, 1), (3, 1), (19, 1)]


def test_events_per_day_are_of_the_last_four_weeks(tmp_path: Path) -> None:
    lakehouse, athena = empty_table(tmp_path)
    today = datetime.now(UTC).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    for days in (0, 27, 40):
        moment = today - timedelta(days=days)
        put(lakehouse, f"{moment:%Y-%m-%d}", [("1", "anna", "pdf", moment), ("2", "anna", "pdf", None)])
    text = (SQL / "queries" / "events_per_day.sql").read_text()
    assert athena.execute(text, "event_reporting").rows == [
        ((today - timedelta(days=days)).date(), 2, 1) for days in (0, 27)
    ]


def test_every_query_is_tested() -> None:
    tested = {"users_by_format", "late_events", "events_per_day"}
    assert {path.stem for path in (SQL / "queries").glob("*.sql")} == tested


def test_table_has_the_columns_of_the_schema() -> None:
    schema = json.loads((ROOT / "schemas" / "event_reporting" / "event.avsc").read_text())
    wanted = [(field["name"].lower(), field.get("icebergType", "string")) for field in schema["fields"]]
    statement = sqlglot.parse_one((SQL / "tables" / "events.sql").read_text(), read="athena")
    columns = [
        (column.name, column.args["kind"].sql("hive").lower())
        for column in statement.find_all(exp.ColumnDef)
        if column.name != "dt"
    ]
    assert columns == wanted
