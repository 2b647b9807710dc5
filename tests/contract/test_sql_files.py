"""Every file in sql/ is one statement of Athena's dialect, says what it answers, and answers it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from local_runtime.athena.engine import Athena
from tests.unit.local_runtime.lakehouse.tables import (
    COLUMNS,
    event,
    open_lakehouse,
    store,
    web_log_lakehouse,
)

SQL = Path(__file__).parents[2] / "sql"
FILES = sorted(SQL.glob("*/*/*.sql"))
QUERIES = SQL / "web_analytics" / "queries"
TABLE_DDL = SQL / "web_analytics" / "tables" / "web_log_iceberg.sql"

Row = tuple[Any, ...]

# Two buyers and two others on the 20th, one visitor on the 21st.
EVENTS: tuple[tuple[str, str, str, str, str, str | None], ...] = (
    ("anna", "s1", "visit", "2026-11-20T10:00:00Z", "/", "https://www.google.com/search?q=x"),
    ("anna", "s1", "view", "2026-11-20T10:00:10Z", "/products/7?color=red", "https://shop.example.com/"),
    ("anna", "s1", "cart", "2026-11-20T10:00:20Z", "/cart", None),
    ("anna", "s1", "purchase", "2026-11-20T10:01:00Z", "/checkout", None),
    ("ben", "s2", "visit", "2026-11-20T11:00:00Z", "/", None),
    ("ben", "s2", "cart", "2026-11-20T11:00:30Z", "/cart", None),
    ("cleo", "s3", "view", "2026-11-20T11:30:00Z", "/products/7", "https://www.google.com/"),
    ("dora", "s4", "like", "2026-11-20T12:00:00Z", "/products/7", "https://news.example.org:8080/a"),
    ("anna", "s5", "visit", "2026-11-21T09:00:00Z", "/", None),
    ("anna", "s5", "purchase", "2026-11-21T09:00:40Z", "/checkout", None),
    ("ben", "s6", "view", "2026-11-21T09:30:00Z", "/products/7?color=blue", None),
)

ANSWERS: dict[str, list[Row]] = {
    "count_events": [(11, datetime(2026, 11, 20, 10), datetime(2026, 11, 21, 9, 30))],
    "events_by_type": [
        ("view", 3, 3, 27.3),
        ("visit", 3, 2, 27.3),
        ("cart", 2, 2, 18.2),
        ("purchase", 2, 1, 18.2),
        ("like", 1, 1, 9.1),
    ],
    "top_pages": [("/", 3, 2), ("/products/7", 3, 3)],
    "visitors_per_hour": [(datetime(2026, 11, 21, 9), 2, 2, 3)],
    "sessions_with_a_purchase": [(True, 2, 33.3, 3.0, 50.0), (False, 4, 66.7, 1.3, 8.0)],
    "top_referrers": [
        ("direct", 3, 1, 33.3),
        ("www.google.com", 2, 1, 50.0),
        ("news.example.org", 1, 0, 0.0),
    ],
    "purchase_funnel": [
        (1, "all sessions", 6, 100.0),
        (2, "opened a page", 5, 83.3),
        (3, "filled a cart", 2, 33.3),
        (4, "bought", 1, 16.7),
    ],
}
ON_AN_EMPTY_TABLE: dict[str, list[Row]] = {
    **{name: [] for name in ANSWERS},
    "count_events": [(0, None, None)],
    "purchase_funnel": [
        (1, "all sessions", 0, None),
        (2, "opened a page", 0, None),
        (3, "filled a cart", 0, None),
        (4, "bought", 0, None),
    ],
}


def _events() -> list[dict[str, object]]:
    return [
        event(user_id=user, session_id=session, event=kind, timestamp=at, uri=uri, referrer=referrer)
        for user, session, kind, at, uri, referrer in EVENTS
    ]


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Athena:
    lakehouse = web_log_lakehouse(tmp_path_factory.mktemp("state"))
    rows = _events()
    for part in (rows[:4], rows[4:]):  # more than one file a partition
        store(lakehouse, part)
    return Athena(lakehouse)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_is_one_statement_of_athenas_dialect(path: Path) -> None:
    statements = sqlglot.parse(path.read_text(), read="athena")
    assert len(statements) == 1
    assert isinstance(statements[0], exp.Query | exp.Create)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_starts_with_a_comment_that_says_what_it_is_for(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first.startswith("-- ")
    assert first.endswith((".", "?"))
    assert len(first) <= 120


def test_every_query_has_an_expected_answer() -> None:
    assert sorted(ANSWERS) == sorted(path.stem for path in QUERIES.glob("*.sql"))


@pytest.mark.parametrize("name", ANSWERS)
def test_query_gives_the_answer_worked_out_by_hand(athena: Athena, name: str) -> None:
    result = athena.execute((QUERIES / f"{name}.sql").read_text())
    assert result.rows == ANSWERS[name]
    assert not any(column.name.startswith("_col") for column in result.columns)


@pytest.mark.parametrize("name", ANSWERS)
def test_query_on_an_empty_table_gives_no_error(tmp_path: Path, name: str) -> None:
    athena = Athena(web_log_lakehouse(tmp_path))
    assert athena.execute((QUERIES / f"{name}.sql").read_text()).rows == ON_AN_EMPTY_TABLE[name]


@pytest.mark.parametrize(
    "path", [path for path in FILES if "?" in path.read_text()], ids=lambda path: path.stem
)
def test_parameters_stand_in_a_where_clause_alone(path: Path) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html"""
    for parameter in sqlglot.parse_one(path.read_text(), read="athena").find_all(exp.Placeholder):
        clause = parameter.find_ancestor(exp.Where, exp.Query)
        assert isinstance(clause, exp.Where), parameter.parent_select


@pytest.mark.parametrize("path", sorted(SQL.glob("*/tables/*.sql")), ids=lambda path: path.stem)
def test_table_is_made_by_its_file_unchanged(tmp_path: Path, path: Path) -> None:
    lakehouse = open_lakehouse(tmp_path)
    statement = sqlglot.parse_one(path.read_text(), read="athena")
    table = statement.find(exp.Table)
    assert table is not None
    lakehouse.create_database(table.db)
    athena = Athena(lakehouse)
    athena.execute(path.read_text())
    shown = [name for (name,) in athena.execute(f"show columns in `{table.db}`.`{table.name}`").rows]
    assert shown[: len(COLUMNS)] == list(COLUMNS) if table.name == "web_log_iceberg" else shown
    assert athena.execute(f'select count(*) from "{table.db}"."{table.name}"').rows == [(0,)]


def test_queries_answer_the_same_from_the_hand_made_table(tmp_path: Path) -> None:
    lakehouse = open_lakehouse(tmp_path)
    lakehouse.create_database("web_log_iceberg_db")
    athena = Athena(lakehouse)
    athena.execute(TABLE_DDL.read_text())
    store(lakehouse, _events())
    for name, rows in ANSWERS.items():
        assert athena.execute((QUERIES / f"{name}.sql").read_text()).rows == rows


def test_hand_made_table_has_the_columns_of_the_schema_in_order() -> None:
    schema = json.loads((SQL.parent / "schemas" / "web_analytics" / "web_log.avsc").read_text())
    wanted = [(field["name"], field.get("icebergType", "string")) for field in schema["fields"]]
    statement = sqlglot.parse_one(TABLE_DDL.read_text(), read="athena")
    columns = [
        (column.name, column.args["kind"].sql("hive").lower()) for column in statement.find_all(exp.ColumnDef)
    ]
    assert columns == wanted
