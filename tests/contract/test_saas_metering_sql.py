"""The usage queries answer what was worked out by hand: each request once, in the hour in which it came."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from lambdas.saas_metering.merge_small_files.logic import Hour, statement
from local_runtime.athena.engine import Athena
from local_runtime.lakehouse.lakehouse import Lakehouse
from stacks.saas_metering.access_log import FIELDS
from tests.unit.local_runtime.lakehouse.tables import open_lakehouse

SQL = Path(__file__).parents[2] / "sql/saas_metering"
BUCKET = "apigw-access-log-to-firehose-us-east-1-123456789012"
JSON, PARQUET = "mydatabase.restapi_access_log_json", "mydatabase.restapi_access_log_parquet"

Row = tuple[Any, ...]
Line = tuple[str, str, str, str, str]

# Of each hour's folder: request id, user, time, status, length. Anna's a3 was delivered twice to one hour and
# a4 to two; a1 came in October and lies in November, b2 came in November and lies in October.
LINES: dict[str, list[Line]] = {
    "2026-10-31T23": [("b2", "ben", "2026-11-01T00:00:01", "200", "7")],
    "2026-11-01T00": [("a1", "anna", "2026-10-31T23:59:58", "200", "1000")],
    "2026-11-21T10": [
        ("a2", "anna", "2026-11-21T10:00:00", "200", "10"),
        ("a3", "anna", "2026-11-21T10:30:00", "400", "30"),
        ("a3", "anna", "2026-11-21T10:30:00", "400", "30"),
        ("a4", "anna", "2026-11-21T10:59:59", "200", "20"),
        ("b1", "ben", "2026-11-21T10:10:00", "500", "-"),
    ],
    "2026-11-21T11": [
        ("a4", "anna", "2026-11-21T10:59:59", "200", "20"),
        ("n1", "-", "2026-11-21T11:00:00", "401", "26"),
    ],
}
UNMERGED: dict[str, list[Line]] = {"2026-11-22T01": [("a5", "anna", "2026-11-22T01:00:00", "200", "5")]}
HOUR_10, HOUR_11 = datetime(2026, 11, 21, 10), datetime(2026, 11, 21, 11)
FIRST, DAY = date(2026, 11, 1), date(2026, 11, 21)

ANSWERS: dict[str, tuple[str, list[Row]]] = {
    "usage_per_user_per_hour": (
        "2026-11-21",
        [
            (HOUR_10, "anna", 3, 60, 1, 30),
            (HOUR_10, "ben", 1, 0, 1, None),
            (HOUR_11, "-", 1, 26, 1, 26),
        ],
    ),
    "usage_per_user_per_day": (
        "2026-11-21",
        [
            (FIRST, "ben", 1, 7, 0, 7),
            (DAY, "anna", 3, 60, 1, 30),
            (DAY, "-", 1, 26, 1, 26),
            (DAY, "ben", 1, 0, 1, None),
        ],
    ),
    "monthly_usage_statement": (
        "2026-11-30",
        [
            ("anna", 3, 60, 1, 30),
            ("ben", 2, 7, 1, 7),
            ("-", 1, 26, 1, 26),
            ("all users", 6, 93, 3, 30),
        ],
    ),
    "statement_against_log": ("2026-11-01", [(7, 6, 98, 93, 1, 0)]),
}
OF_A_MONTH_WITHOUT_CALLS: dict[str, list[Row]] = {
    "usage_per_user_per_hour": [],
    "usage_per_user_per_day": [],
    "monthly_usage_statement": [("all users", 0, 0, 0, None)],
    "statement_against_log": [(0, 0, 0, 0, 0, 0)],
}


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Athena:
    lakehouse = open_lakehouse(tmp_path_factory.mktemp("state"))
    lakehouse.create_database("mydatabase")
    athena = Athena(lakehouse)
    for file in sorted((SQL / "tables").glob("*.sql")):
        athena.execute(file.read_text())
    for text, lines in {**LINES, **UNMERGED}.items():
        hour = Hour(datetime.strptime(text, "%Y-%m-%dT%H").replace(tzinfo=UTC))
        _write(lakehouse, hour, lines)
        _add(athena, JSON, hour, f"s3://{BUCKET}/json-data/{hour.folder}/")
        if text in LINES:
            _merge(athena, hour)
    return athena


def _write(lakehouse: Lakehouse, hour: Hour, lines: list[Line]) -> None:
    folder = lakehouse.objects.root / BUCKET / "json-data" / hour.folder
    folder.mkdir(parents=True)
    documents = []
    for id, user, time, status, length in lines:
        milliseconds = int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp() * 1000)
        values = {"requestId": id, "user": user, "requestTime": str(milliseconds), "status": status}
        documents.append({field.name: "-" for field in FIELDS} | values | {"responseLength": length})
    (folder / "lines").write_text("".join(f"{json.dumps(line)}\n" for line in documents))


def _merge(athena: Athena, hour: Hour) -> None:
    folder = f"s3://{BUCKET}/parquet-data/{hour.folder}/merged/"
    names = {"log_database": "mydatabase", "log_table": JSON.rpartition(".")[2], "folder": folder}
    names |= {"made_database": "mydatabase", "made_table": f"made_{'_'.join(hour.values)}"}
    names |= {"merged_database": "mydatabase", "merged_table": PARQUET.rpartition(".")[2]}
    sql = (SQL / "jobs/merge_hour.sql").read_text()
    athena.execute(statement(sql, names, [field.column for field in FIELDS]), parameters=2 * hour.parameters)
    _add(athena, PARQUET, hour, folder)


def _add(athena: Athena, table: str, hour: Hour, location: str) -> None:
    keys = zip(("year", "month", "day", "hour"), hour.values, strict=True)
    values = ", ".join(f"{key} = '{value}'" for key, value in keys)
    athena.execute(f"alter table {table} add partition ({values}) location '{location}'")


def test_every_query_has_an_expected_answer() -> None:
    assert sorted(ANSWERS) == sorted(path.stem for path in (SQL / "queries").glob("*.sql"))


@pytest.mark.parametrize("name", ANSWERS)
def test_query_gives_the_answer_worked_out_by_hand(athena: Athena, name: str) -> None:
    parameter, rows = ANSWERS[name]
    result = athena.execute((SQL / "queries" / f"{name}.sql").read_text(), parameters=[f"'{parameter}'"])
    assert result.rows == rows
    assert not any(column.name.startswith("_col") for column in result.columns)


@pytest.mark.parametrize("name", ANSWERS)
def test_month_without_calls_is_no_error(athena: Athena, name: str) -> None:
    result = athena.execute((SQL / "queries" / f"{name}.sql").read_text(), parameters=["'2025-02-28'"])
    assert result.rows == OF_A_MONTH_WITHOUT_CALLS[name]


@pytest.mark.parametrize("path", sorted(SQL.glob("*/*.sql")), ids=lambda path: path.stem)
def test_parameters_stand_where_athena_takes_them(path: Path) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html: in WHERE alone."""
    for line in path.read_text().splitlines():
        if "?" in line and not line.startswith("--"):
            assert re.match(r"\s*where\b", line), line


def test_one_hour_folder_holds_each_request_once(athena: Athena) -> None:
    rows = athena.execute(
        f"select requestid, count(*) from {PARQUET} where day = 21 and hour = 10 group by requestid"
    ).rows
    assert sorted(rows) == [("a2", 1), ("a3", 1), ("a4", 1), ("b1", 1)]
