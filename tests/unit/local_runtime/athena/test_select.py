"""SELECT as Athena answers it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from local_runtime.athena.engine import Athena
from local_runtime.athena.text import to_text
from local_runtime.lakehouse.lakehouse import Lakehouse
from tests.unit.local_runtime.lakehouse.tables import (
    DATABASE,
    TABLE,
    WEB_LOG_FIELDS,
    event,
    store,
    table_resource,
    web_log_lakehouse,
)

EVENTS = [
    event(user_id="a", event="view", timestamp="2026-11-20T23:59:59Z", uri="/p?x=1"),
    event(user_id="a", event="cart", timestamp="2026-11-21T00:00:00Z"),
    event(user_id="b", event="view", timestamp="2026-11-21T01:00:00Z", referrer="https://e.com/"),
]


@pytest.fixture(scope="module")
def lakehouse(tmp_path_factory: pytest.TempPathFactory) -> Lakehouse:
    lakehouse = web_log_lakehouse(tmp_path_factory.mktemp("state"))
    store(lakehouse, EVENTS[:2])
    store(lakehouse, EVENTS[2:])
    return lakehouse


@pytest.fixture(scope="module")
def athena(lakehouse: Lakehouse) -> Athena:
    return Athena(lakehouse)


@pytest.mark.parametrize(
    "table",
    [
        "web_log_iceberg_db.web_log_iceberg",
        '"web_log_iceberg_db"."web_log_iceberg"',
        "awsdatacatalog.web_log_iceberg_db.web_log_iceberg",
        '"AwsDataCatalog".WEB_LOG_ICEBERG_DB.Web_Log_Iceberg',
        "web_log_iceberg",
    ],
)
def test_table_is_found_under_each_of_its_names(athena: Athena, table: str) -> None:
    result = athena.execute(f"SELECT COUNT(*) FROM {table};", database=DATABASE)
    assert result.rows == [(3,)]


def test_columns_have_athenas_names_and_types(athena: Athena) -> None:
    sql = f'select *, 7/2, user_id as "Who", count(*) over () from {DATABASE}.{TABLE} limit 1'
    columns = [(column.name, column.type) for column in athena.execute(sql).columns]
    assert columns[:2] == [("user_id", "varchar"), ("session_id", "varchar")]
    assert columns[8:] == [
        ("timestamp", "timestamp(6)"),
        ("uri", "varchar"),
        ("_col10", "integer"),
        ("Who", "varchar"),
        ("_col12", "bigint"),
    ]


def test_unnamed_columns_of_a_subquery_are_counted_where_they_come_out(athena: Athena) -> None:
    result = athena.execute("select * from (select 'x' as x, count(*), 1 + 1)")
    assert [column.name for column in result.columns] == ["x", "_col1", "_col2"]


def test_reserved_word_is_a_column_when_it_is_quoted(athena: Athena) -> None:
    sql = f'select max("timestamp") as "timestamp" from {TABLE} where "timestamp" < date \'2026-11-21\''
    assert athena.execute(sql, database=DATABASE).rows == [(datetime(2026, 11, 20, 23, 59, 59),)]


def test_rows_written_after_a_query_are_seen_by_the_next(tmp_path: Path) -> None:
    lakehouse = web_log_lakehouse(tmp_path)
    athena = Athena(lakehouse)
    counts = []
    for _ in range(3):
        counts += athena.execute(f"select count(*), count(distinct event) from {DATABASE}.{TABLE}").rows
        store(lakehouse, [event(), event(event="cart")])
    assert counts == [(0, 0), (2, 2), (4, 2)]


def test_column_added_later_is_null_in_older_files(tmp_path: Path) -> None:
    lakehouse = web_log_lakehouse(tmp_path)
    store(lakehouse, [event(user_id="a")])
    lakehouse.ensure_table(table_resource([*WEB_LOG_FIELDS, {"Id": 11, "Name": "Amount", "Type": "long"}]))
    athena = Athena(lakehouse)
    sql = f"select user_id, amount from {DATABASE}.{TABLE} order by 1"
    assert athena.execute(sql).rows == [("a", None)]
    store(lakehouse, [event(user_id="b", Amount=7)])
    assert athena.execute(sql).rows == [("a", None), ("b", 7)]


def test_rows_deleted_from_the_table_are_gone(tmp_path: Path) -> None:
    lakehouse = web_log_lakehouse(tmp_path)
    store(lakehouse, [event(user_id="a"), event(user_id="b")])
    lakehouse.table(DATABASE, TABLE).delete("user_id = 'a'")
    assert Athena(lakehouse).execute(f"select user_id from {DATABASE}.{TABLE}").rows == [("b",)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("(7 / 2) / 2", 1),
        ("7 / 2.0e0", 3.5),
        ("cast(7 as double) / 2", 3.5),
        ("length('seven77') / 2", 3),
        ("try(1 / 0)", None),
        ("-7 % 3", -1),
        ("cast('2026-11-20 10:00:00' as timestamp)", datetime(2026, 11, 20, 10)),
        ("from_iso8601_timestamp('2026-11-20T10:00:00+01:00')", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("date_trunc('hour', timestamp '2026-11-20 10:59:59')", datetime(2026, 11, 20, 10)),
        ("date_diff('minute', timestamp '2026-01-01 05:06:50', timestamp '2026-01-01 05:07:10')", 0),
        ("date_format(timestamp '2026-11-20 10:05:00', '%H:%i')", "10:05"),
        ("to_iso8601(timestamp '2026-11-20 10:05:00')", "2026-11-20T10:05:00.000"),
        ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a.b')", "1"),
        ("regexp_extract('abc', 'x')", None),
        ("regexp_extract('abc', 'b(.)', 1)", "c"),
        ("cardinality(split('a,b,c', ','))", 3),
        ("cast(1.25 as decimal(5, 2))", Decimal("1.25")),
        ("url_extract_protocol('https://e.com')", "https"),
        ("url_extract_host('https://u:p@www.e.com:81/a/b?q=1#f')", "www.e.com"),
        ("url_extract_port('https://www.e.com:81/')", 81),
        ("url_extract_port('https://www.e.com/')", None),
        ("url_extract_path('https://www.e.com/a/b?q=1#f')", "/a/b"),
        ("url_extract_path('/a/b?q=1')", "/a/b"),
        ("url_extract_query('https://www.e.com/a?q=1&r=2#f')", "q=1&r=2"),
        ("url_extract_fragment('https://www.e.com/a#f')", "f"),
        ("url_extract_parameter('https://e.com/?a=1&b=x%20y+z&b=2', 'b')", "x y z"),
        ("url_extract_parameter('https://e.com/?ab=1', 'b')", None),
        ("url_extract_host('no url')", None),
        ("url_extract_host(null)", None),
    ],
)
def test_expression_has_trinos_value(athena: Athena, expression: str, expected: Any) -> None:
    assert athena.execute(f"select {expression}").rows == [(expected,)]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select count_if(x > 1), sum(x), count(x) from (values 1) as t (x) where x > 5", [(0, None, 0)]),
        ("select sum(x) / count(*) from (values 1, 2, 4) as t (x)", [(2,)]),
        ("values (1, 'a'), (2, 'b')", [(1, "a"), (2, "b")]),
        ("select x from unnest(array[1, 2]) as t (x) order by x desc", [(2,), (1,)]),
        ("with t as (select 1 as a) select a from t union all select 2 order by 1", [(1,), (2,)]),
        (
            "with recursive t (n) as (select 1 union all select n + 1 from t where n < 3) select * from t",
            [(1,), (2,), (3,)],
        ),
        ("-- comment\n/* another */ (select 1)", [(1,)]),
    ],
)
def test_query_has_trinos_rows(athena: Athena, sql: str, rows: list[tuple[Any, ...]]) -> None:
    assert athena.execute(sql).rows == rows


def test_with_clause_hides_a_table_of_the_same_name(athena: Athena) -> None:
    sql = f"with {TABLE} as (select 1 as a) select a, (select count(*) from {DATABASE}.{TABLE}) from {TABLE}"
    assert athena.execute(sql, database=DATABASE).rows == [(1, 3)]


def test_metadata_tables_describe_the_table(athena: Athena) -> None:
    def rows(sql: str) -> list[tuple[Any, ...]]:
        return athena.execute(sql, database=DATABASE).rows

    assert rows(
        f"select operation, summary['added-records'] from \"{TABLE}$snapshots\" order by committed_at"
    ) == [
        ("append", "2"),
        ("append", "1"),
    ]
    assert rows(f'select count(*) from "{TABLE}$history" where is_current_ancestor') == [(2,)]
    assert rows(
        f"select sum(record_count), count(*) from \"{TABLE}$files\" where file_path like 's3://%'"
    ) == [(3, 3)]
    assert rows(
        f'select "partition".event, record_count from {DATABASE}."{TABLE}$partitions" order by 1, 2'
    ) == [
        ("cart", 1),
        ("view", 1),
        ("view", 1),
    ]


def test_statistics_give_bytes_and_time(athena: Athena, lakehouse: Lakehouse) -> None:
    statistics = athena.execute(f"select count(*) from {DATABASE}.{TABLE}").statistics
    assert statistics.data_scanned_in_bytes == lakehouse.facts(DATABASE, TABLE).bytes
    assert athena.execute("select 1").statistics.data_scanned_in_bytes == 0


def test_queries_and_commits_at_once_see_whole_commits_only(tmp_path: Path) -> None:
    lakehouse = web_log_lakehouse(tmp_path)
    athena = Athena(lakehouse)
    counts: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            counts.append(athena.execute(f"select count(*) from {DATABASE}.{TABLE}").rows[0][0])

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(5):
        store(lakehouse, [event(event=kind) for kind in ("view", "cart", "like")])
    done.set()
    for reader in readers:
        reader.join()
    assert set(counts) <= {0, 3, 6, 9, 12, 15}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (True, "true"),
        (1.5, "1.5"),
        (datetime(2026, 11, 20, 10), "2026-11-20 10:00:00.000000"),
        (datetime(2026, 11, 20, 10, tzinfo=UTC), "2026-11-20 10:00:00.000000 UTC"),
        (["a", None], "[a, null]"),
        ({"a": 1, "b": None}, "{a=1, b=null}"),
        (b"\x01\xff", "01 ff"),
    ],
)
def test_value_is_written_as_in_athenas_result_files(value: object, text: str | None) -> None:
    assert to_text(value) == text
