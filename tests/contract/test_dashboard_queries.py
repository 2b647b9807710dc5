"""The dashboards' SQL: every query is one that a page asks, answers by its days and reads no others."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from app import AppConfig
from lambdas.dashboard.query.logic import Period, Question
from local_runtime.assembly import load_assembly
from local_runtime.athena.engine import Athena
from local_runtime.athena.result import QueryResult
from stacks.config import load_config
from stacks.web_analytics.web_dashboard_stack import WebDashboardStack
from tests.contract import test_app_analytics_sql as app_events
from tests.contract.test_sql_files import EVENTS as WEB_EVENTS
from tests.unit.local_runtime.lakehouse.tables import BUCKET, event, store, web_log_lakehouse

ROOT = Path(__file__).parents[2]
DATABASES = {"web_analytics": "web_log_iceberg_db", "app_analytics": app_events.DATABASE}
NAMES = sorted((path.parts[-3], path.stem) for path in (ROOT / "sql").glob("*/dashboard/*.sql"))
ON_ICEBERG = [(room, name) for room, name in NAMES if room == "web_analytics" and name != "rejected_records"]
OVER_FOLDERS = [item for item in NAMES if item not in ON_ICEBERG]
EVERYTHING = ("2026-11-01", "2026-11-30")
FAILED_AT = {  # milliseconds -> records; the last one's batch began the evening before
    "2026/11/20": [1_795_168_800_000] * 3,
    "2026/11/21": [1_795_255_200_000],
    "2026/11/19": [1_795_132_801_000],
}

Row = tuple[Any, ...]


def hour(day: int, of_day: int) -> datetime:
    return datetime(2026, 11, day, of_day)


# room, query, first and last day -> the rows
ANSWERS: list[tuple[str, str, tuple[str, str], list[Row]]] = [
    ("web_analytics", "totals", ("2026-11-20", "2026-11-20"), [(8, 4, 4, 4, 1, 1)]),
    ("web_analytics", "totals", EVERYTHING, [(11, 6, 4, 6, 2, 2)]),
    ("web_analytics", "traffic", ("2026-11-21", "2026-11-21"), [(hour(21, 9), 3, 2, 2)]),
    ("web_analytics", "traffic", EVERYTHING, [(hour(20, 0), 8, 4, 4), (hour(21, 0), 3, 2, 2)]),
    (
        "web_analytics",
        "event_mix",
        ("2026-11-21", "2026-11-21"),
        [("purchase", 1, 1), ("view", 1, 1), ("visit", 1, 1)],
    ),
    ("web_analytics", "top_pages", ("2026-11-20", "2026-11-20"), [("/", 2, 2), ("/products/7", 2, 2)]),
    ("web_analytics", "referrers", ("2026-11-21", "2026-11-21"), [("direct", 2, 1)]),
    (
        "web_analytics",
        "referrers",
        ("2026-11-20", "2026-11-20"),
        [("www.google.com", 2, 1), ("direct", 1, 0), ("news.example.org", 1, 0)],
    ),
    ("web_analytics", "sessions", EVERYTHING, [("1", 0, 3, 0.0), ("2-3", 1, 1, 35.0), ("4-9", 1, 0, 60.0)]),
    (
        "web_analytics",
        "rejected_records",
        ("2026-11-20", "2026-11-20"),
        [(hour(20, 0), "Lambda.FunctionError", 1), (hour(20, 10), "Lambda.ProcessingFailedStatus", 3)],
    ),
    (
        "web_analytics",
        "rejected_records",
        EVERYTHING,
        [
            (hour(20, 0), "Lambda.FunctionError", 1),
            (hour(20, 0), "Lambda.ProcessingFailedStatus", 3),
            (hour(21, 0), "Lambda.ProcessingFailedStatus", 1),
        ],
    ),
    ("app_analytics", "totals", ("2026-11-21", "2026-11-21"), [(10, 3, 2, 3, 73.5, 2)]),
    ("app_analytics", "totals", EVERYTHING, [(11, 4, 2, 3, 73.5, 2)]),
    ("app_analytics", "activity", ("2026-11-20", "2026-11-20"), [(hour(20, 9), "open", 1)]),
    (
        "app_analytics",
        "activity",
        EVERYTHING,
        [
            (hour(20, 0), "open", 1),
            (hour(21, 0), "add_to_cart", 2),
            (hour(21, 0), "checkout", 3),
            (hour(21, 0), "search", 2),
            (hour(21, 0), "view", 3),
        ],
    ),
    (
        "app_analytics",
        "funnel",
        EVERYTHING,
        [("search", 2), ("view", 2), ("add to cart", 2), ("checkout", 1)],
    ),
    ("app_analytics", "funnel", ("2026-11-20", "2026-11-20"), []),
    ("app_analytics", "products", EVERYTHING, [("hoodie", 54.0, 1), ("mug", 19.5, 2)]),
    (
        "app_analytics",
        "countries",
        EVERYTHING,
        [("US", 2, 0.0), ("DE", 1, 19.5), ("KR", 1, 54.0)],
    ),
    ("app_analytics", "origins", EVERYTHING, [("ads", 2, 1), ("organic", 1, 0), ("search", 1, 2)]),
    ("app_analytics", "genders", EVERYTHING, [("female", 2, 3), ("male", 1, 0), ("other", 1, 0)]),
]


def ask(athena: Athena, room: str, name: str, days: Sequence[str]) -> QueryResult:
    """As the query function asks: its parameters, its database."""
    sql = (ROOT / "sql" / room / "dashboard" / f"{name}.sql").read_text(encoding="utf-8")
    question = Question(name, sql, Period(date.fromisoformat(days[0]), date.fromisoformat(days[1])))
    return athena.execute(sql, DATABASES[room], parameters=question.parameters)


def web_athena(directory: Path, *, empty: bool) -> Athena:
    """The web log, and Firehose's envelopes under the error prefix with the table that the stack makes."""
    lakehouse = web_log_lakehouse(directory / "state")
    lakehouse.objects.create_bucket(BUCKET)
    app = App(outdir=str(directory / "assembly"), builtin_cloud_formation_validation=False)
    WebDashboardStack(app, "Stack", config=load_config(AppConfig, {}), env=None)
    app.synth()
    (table,) = load_assembly(directory / "assembly").of_type("AWS::Glue::Table")
    lakehouse.ensure_table(table)
    if not empty:
        names = ("user_id", "session_id", "event", "timestamp", "uri", "referrer")
        store(lakehouse, [event(**dict(zip(names, row, strict=True))) for row in WEB_EVENTS])
        for day, arrivals in FAILED_AT.items():
            year, month, of_month = day.split("/")
            key = f"error/year={year}/month={month}/day={of_month}/hour=10/processing-failed/x"
            lakehouse.objects.put(BUCKET, key, "".join(envelope(at) for at in arrivals).encode())
    return Athena(lakehouse)


def envelope(arrival: int) -> str:
    code = (
        "Lambda.FunctionError" if arrival == FAILED_AT["2026/11/19"][0] else "Lambda.ProcessingFailedStatus"
    )
    return (
        json.dumps({"attemptsMade": 1, "arrivalTimestamp": arrival, "errorCode": code, "rawData": "e30="})
        + "\n"
    )


def app_athena(directory: Path, *, empty: bool) -> Athena:
    lakehouse = app_events.lakehouse(directory / "state", empty=empty)
    athena = Athena(lakehouse)
    (directory / "assembly").mkdir()
    lakehouse.ensure_table(app_events.declared_table(directory / "assembly"))
    return athena


def crawled_athena(directory: Path) -> Athena:
    athena = Athena(app_events.lakehouse(directory))
    app_events.add_crawled_table(athena)
    return athena


@pytest.fixture(scope="module")
def athenas(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Athena]:
    return {
        "web_analytics": web_athena(tmp_path_factory.mktemp("web"), empty=False),
        "app_analytics": app_athena(tmp_path_factory.mktemp("app"), empty=False),
    }


@pytest.mark.parametrize("room", DATABASES)
def test_page_asks_every_query_and_no_other(room: str) -> None:
    page = (ROOT / "dashboard" / "rooms" / f"{room}.js").read_text(encoding="utf-8")
    asked = set(re.findall(r'query: "(\w+)"', page))
    for listed in re.findall(r"queries: \[([^\]]+)\]", page):
        asked |= set(re.findall(r'"(\w+)"', listed))
    assert asked == {name for owner, name in NAMES if owner == room}


def test_every_query_has_an_expected_answer() -> None:
    assert {(room, name) for room, name, *_ in ANSWERS} == set(NAMES)


@pytest.mark.parametrize(("room", "name", "days", "rows"), ANSWERS)
def test_query_gives_the_answer_worked_out_by_hand(
    athenas: dict[str, Athena], room: str, name: str, days: tuple[str, str], rows: list[Row]
) -> None:
    assert ask(athenas[room], room, name, days).rows == rows


def test_crawled_table_gives_the_same_answers(tmp_path: Path) -> None:
    athena = crawled_athena(tmp_path)
    for room, name, days, rows in ANSWERS:
        if room == "app_analytics":
            assert ask(athena, room, name, days).rows == rows


@pytest.mark.parametrize(("room", "name"), OVER_FOLDERS)
def test_query_reads_the_files_of_its_days_alone(athenas: dict[str, Athena], room: str, name: str) -> None:
    def scanned(*days: str) -> int:
        return ask(athenas[room], room, name, days).statistics.data_scanned_in_bytes

    assert 0 < scanned("2026-11-20", "2026-11-20") < scanned(*EVERYTHING)
    assert scanned("2026-10-01", "2026-10-02") == 0


@pytest.mark.parametrize(("room", "name"), ON_ICEBERG)
def test_query_of_the_iceberg_table_compares_the_column_itself(room: str, name: str) -> None:
    """Iceberg finds the days' files by that; a function around the column would hide them."""
    sql = " ".join((ROOT / "sql" / room / "dashboard" / f"{name}.sql").read_text(encoding="utf-8").split())
    assert 'where "timestamp" >= cast(? as timestamp) and "timestamp" < cast(? as timestamp)' in sql


def test_queries_on_empty_tables_give_no_error(tmp_path: Path) -> None:
    empty = {
        "web_analytics": web_athena(tmp_path / "web", empty=True),
        "app_analytics": app_athena(tmp_path / "app", empty=True),
    }
    for room, name in NAMES:
        rows = ask(empty[room], room, name, EVERYTHING).rows
        assert [set(row) <= {0} for row in rows] == ([True] if name == "totals" else [])
