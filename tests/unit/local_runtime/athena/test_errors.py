"""Queries that fail, in Athena's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_runtime.athena.engine import Athena
from local_runtime.athena.result import QueryError
from tests.unit.local_runtime.lakehouse.tables import DATABASE, TABLE, event, store, web_log_lakehouse

FULL = f"{DATABASE}.{TABLE}"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def athena(state: Path) -> Athena:
    lakehouse = web_log_lakehouse(state)
    store(lakehouse, [event()])
    return Athena(lakehouse)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "select * from db.t",
            "SCHEMA_NOT_FOUND: line 1:15: Schema 'db' does not exist",
        ),
        (
            f"select *\nfrom {DATABASE}.t",
            f"TABLE_NOT_FOUND: line 2:6: Table 'awsdatacatalog.{DATABASE}.t' does not exist",
        ),
        (
            f'select * from {DATABASE}."{TABLE}$nope"',
            f"TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{DATABASE}.{TABLE}$nope' does not exist",
        ),
        (
            f"select * from other.{FULL}",
            "CATALOG_NOT_FOUND: line 1:15: Catalog 'other' not found",
        ),
        (
            "select * from t",
            "MISSING_SCHEMA_NAME: line 1:15: Schema must be specified when session schema is not set",
        ),
        (
            f"select user_id, nope from {FULL}",
            "COLUMN_NOT_FOUND: line 1:17: Column 'nope' cannot be resolved "
            "or requester is not authorized to access requested resources",
        ),
        (
            f"select count(*) as c from {FULL} where c > 1",
            "COLUMN_NOT_FOUND: line 1:68: Column 'c' cannot be resolved "
            "or requester is not authorized to access requested resources",
        ),
        (
            f"select `event` from {FULL}",
            "SYNTAX_ERROR: line 1:8: backquoted identifiers are not supported; "
            "use double quotes to quote identifiers",
        ),
        (
            f"select a.nope from {FULL} a",
            "COLUMN_NOT_FOUND: line 1:8: Column 'a.nope' cannot be resolved "
            "or requester is not authorized to access requested resources",
        ),
        (
            f"select user_id from {FULL} a join {FULL} b on a.ip = b.ip",
            "AMBIGUOUS_NAME: line 1:8: Column 'user_id' is ambiguous",
        ),
        (
            f"select user_id from {FULL} group by event",
            "EXPRESSION_NOT_AGGREGATE: 'user_id' must be an aggregate expression "
            "or appear in GROUP BY clause",
        ),
        ("select 1; select 2", "SYNTAX_ERROR: Only one sql statement is allowed. Got: 2 statements"),
        ("", "SYNTAX_ERROR: line 1:1: the query is empty"),
        (" -- nothing\n;", "SYNTAX_ERROR: line 2:1: the query is empty"),
        ("select 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("select 1 % 0", "DIVISION_BY_ZERO: Division by zero"),
        (
            "select no_such_function(1)",
            "FUNCTION_NOT_FOUND: line 1:8: Function 'no_such_function' not registered",
        ),
    ],
)
def test_error_names_the_thing_and_the_place(athena: Athena, sql: str, message: str) -> None:
    with pytest.raises(QueryError) as failed:
        athena.execute(sql)
    assert str(failed.value) == message


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("selec 1", "SYNTAX_ERROR: line 1:1: mismatched input 'selec'. Expecting: "),
        ("select 1 frm t where", "SYNTAX_ERROR: line 1:14: mismatched input 't'"),
        ("select 'open", "SYNTAX_ERROR: line 1:1: "),
        ("select cast('x' as integer)", "INVALID_CAST_ARGUMENT: "),
        ("select sum('a')", "TYPE_MISMATCH: "),
        ("select cast(1000 as tinyint)", "INVALID_CAST_ARGUMENT: "),
    ],
)
def test_error_has_athenas_code(athena: Athena, sql: str, code: str) -> None:
    with pytest.raises(QueryError) as failed:
        athena.execute(sql)
    assert str(failed.value).startswith(code)
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("explain select 1", "EXPLAIN"),
        ("show functions", "SHOW FUNCTIONS"),
        ("create function f", "CREATE FUNCTION"),
        ("-- why\nanalyze t", "ANALYZE"),
        ("use db", "USE"),
        ("prepare p from select 1", "PREPARE"),
        ("alter table t rename to u", "ALTER TABLE RENAME"),
    ],
)
def test_statement_that_the_run_does_not_have_is_named(athena: Athena, sql: str, kind: str) -> None:
    with pytest.raises(QueryError, match=rf"^NOT_SUPPORTED: {kind} is not supported by the local run"):
        athena.execute(sql, database=DATABASE)


@pytest.mark.parametrize(
    "source",
    [
        "read_csv('/etc/hostname')",
        "read_text('/etc/hostname')",
        "read_parquet('{state}/s3/**/*.parquet')",
        "glob('{state}/*')",
        "'/etc/hostname'",
        '"/etc/hostname"',
        "duckdb_settings()",
        "sqlite_scan('{state}/catalog.db', 'iceberg_tables')",
    ],
)
def test_query_reads_tables_and_nothing_else(athena: Athena, state: Path, source: str) -> None:
    with pytest.raises(QueryError):
        athena.execute(f"select * from {source.format(state=state)}", database=DATABASE)


def test_file_named_like_a_partition_value_is_no_way_out(athena: Athena) -> None:
    with pytest.raises(QueryError, match="FUNCTION_NOT_FOUND"):
        athena.execute("select getenv('HOME')")
