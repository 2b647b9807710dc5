"""Queries over partitions read what their WHERE clauses leave, and answer as if they had read everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local_runtime.athena.engine import Athena
from local_runtime.athena.result import QueryError
from local_runtime.lakehouse.lakehouse import Lakehouse

SERDE = "row format serde 'org.openx.data.jsonserde.JsonSerDe'"
BYTES = 1000
"""Of each day's object."""
DAYS = ("01", "02", "03")

Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]


@pytest.fixture
def days(ask: Ask, empty_lakehouse: Lakehouse) -> Lakehouse:
    """`t` has a row a day, `u` one for the second day alone."""
    empty_lakehouse.objects.create_bucket("data")
    for day in DAYS:
        line = b'{"id": %d, "at": "x"}' % int(day)
        empty_lakehouse.objects.put("data", f"t/month=11/day={day}/a", line.ljust(BYTES))
    empty_lakehouse.objects.put("data", "u/day=02/a", b'{"id": 2}')
    ask(
        f"create external table t (id int, at int) partitioned by (month int, day string) {SERDE} location 's3://data/t/'"
    )
    ask(f"create external table u (id int) partitioned by (day string) {SERDE} location 's3://data/u/'")
    ask("msck repair table t")
    ask("msck repair table u")
    return empty_lakehouse


def files_read(athena: Athena, sql: str) -> tuple[Rows, float]:
    result = athena.execute(sql, "db")
    return sorted(result.rows), result.statistics.data_scanned_in_bytes / BYTES


@pytest.mark.parametrize(
    ("sql", "rows", "files"),
    [
        ("select id from t where day = '02'", [(2,)], 1),
        ("select id from t where month = 11 and (day > '01' and day <= '03')", [(2,), (3,)], 2),
        ("select id from t where day in ('01', '03') and id > 1", [(3,)], 2),
        ("select id from t where day between '02' and '09'", [(2,), (3,)], 2),
        ("select id from t where day = '01' or id = 3", [(1,), (3,)], 3),
        ("select id from t where not day = '01'", [(2,), (3,)], 2),
        ("select id from t where day like '0%' and cast(day as integer) + month = 13", [(2,)], 1),
        ("select id from t as x where x.day = date_format(date '2026-11-03', '%d')", [(3,)], 1),
        ("select count(*) from t where day = '09'", [(0,)], 0),
        ("with d as (select id from t where day = '02') select id from d", [(2,)], 1),
        ("select id from t where day = '01' union all select id from t where day = '03'", [(1,), (3,)], 2),
        ("select x.id, y.id from t x join t y on x.month = y.month "
         "where x.day = '01' and y.day = '02'", [(1, 2)], 2),
        ("select t.id from t cross join unnest(array[1]) as a (n) where t.day = '02'", [(2,)], 1),
        ("select id from t where day = (select max(day) from t)", [(3,)], 3),
        ("select id from t where rand() >= 0 and day = '02'", [(2,)], 1),
    ],
)  # fmt: skip
def test_partitions_that_are_not_asked_for_are_not_read(
    days: Lakehouse, empty_athena: Athena, sql: str, rows: Rows, files: float
) -> None:
    assert files_read(empty_athena, sql) == (rows, files)


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select u.id, t.id from u left join t on u.id = t.id where t.day is null", []),
        ("select t.id, u.id from t left join u on t.id = u.id where u.day is null", [(1, None), (3, None)]),
        ("select t.id, u.id from t left join u on t.id = u.id "
         "where coalesce(u.day, '-') <> '02'", [(1, None), (3, None)]),
        ("select t.id, u.id from u right join t on t.id = u.id where u.day is null", [(1, None), (3, None)]),
        ("select t.id, u.id from u full join t on t.id = u.id "
         "where u.day is null or t.day = '02'", [(1, None), (2, 2), (3, None)]),
    ],
)  # fmt: skip
def test_outer_joins_keep_the_rows_that_have_no_partner(
    days: Lakehouse, empty_athena: Athena, sql: str, rows: Rows
) -> None:
    def order(found: Rows) -> Rows:
        return sorted(found, key=str)

    assert order(empty_athena.execute(sql, "db").rows) == order(rows)


def test_a_value_that_does_not_fit_fails_the_queries_that_read_its_column(days: Lakehouse, ask: Ask) -> None:
    assert ask("select id from t order by 1") == [(1,), (2,), (3,)]
    assert ask("select count(*) from t") == [(3,)]
    with pytest.raises(QueryError, match="HIVE_BAD_DATA: Error parsing field value 'x' for field at"):
        ask("select * from t")
    days.objects.put("data", "t/month=11/day=01/a", b'{"id": 1, "at": 7}')
    assert ask("select * from t where day = '01'") == [(1, 7, 11, "01")]


def test_parquet_without_matching_files_has_no_rows(days: Lakehouse, ask: Ask) -> None:
    ask("create table p with (format = 'PARQUET', external_location = 's3://data/p/', "
        "partitioned_by = array['day']) as select id, day from t")  # fmt: skip
    assert ask("select id, day from p where day = '09'") == []
    assert ask("select count(*), max(id) from p where day > '01'") == [(2, 3)]


def test_injected_partitions_need_their_values(days: Lakehouse, ask: Ask) -> None:
    ask(f"create external table i (id int) partitioned by (day string) {SERDE} location 's3://data/t/' "
        "tblproperties ('projection.enabled' = 'true', 'projection.day.type' = 'injected', "
        "'storage.location.template' = 's3://data/t/month=11/day=${day}/')")  # fmt: skip
    assert ask("select id from i where day = '02' and id > 0") == [(2,)]
    assert ask("select id from i where day in ('02', '03') order by 1") == [(2,), (3,)]
    for condition in ("", " where day > '01'", " where day = '01' or id = 2"):
        with pytest.raises(QueryError, match="CONSTRAINT_VIOLATION: For the injected projected partition"):
            ask(f"select id from i{condition}")
