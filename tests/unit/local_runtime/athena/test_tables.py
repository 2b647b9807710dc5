"""DDL: databases, Iceberg tables, CTAS, views, SHOW and DESCRIBE, OPTIMIZE and VACUUM, time travel."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from local_runtime.athena.result import QueryError
from local_runtime.lakehouse.lakehouse import Lakehouse

Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]


def create(name: str, columns: str = "a int, ts timestamp", more: str = "") -> str:
    place = f"location 's3://b/db/{name}' tblproperties ('table_type'='ICEBERG')"
    return f"create table {name} ({columns}) {more} {place}"


def test_database_is_made_once_and_dropped_when_it_is_empty(ask: Ask) -> None:
    ask("create database if not exists sales comment 'x'")
    ask("create schema if not exists sales")
    assert ask("show databases") == [("db",), ("sales",)]
    assert ask("show schemas like 's*'") == [("sales",)]
    ask(create("sales.t").replace("db/sales.t", "t"))
    with pytest.raises(QueryError, match="SCHEMA_NOT_EMPTY: Schema 'sales' is not empty: it has t"):
        ask("drop database sales")
    ask("drop database sales cascade")
    ask("drop database if exists sales")
    with pytest.raises(QueryError, match="SCHEMA_NOT_FOUND: Schema 'sales' does not exist"):
        ask("drop schema sales")


@pytest.mark.parametrize(
    ("clause", "transforms"),
    [
        ("", []),
        ("partitioned by (a)", ["identity"]),
        ("partitioned by (day(ts), bucket(16, a))", ["day", "bucket[16]"]),
        ("partitioned by (year(ts))", ["year"]),
        ("partitioned by (month(`ts`), truncate(10, a))", ["month", "truncate[10]"]),
        ("partitioned by (hour(ts))", ["hour"]),
    ],
)
def test_partition_transforms_are_icebergs(
    ask: Ask, empty_lakehouse: Lakehouse, clause: str, transforms: list[str]
) -> None:
    ask(create("t", more=clause))
    assert [str(field.transform) for field in empty_lakehouse.table("db", "t").spec().fields] == transforms
    ask("insert into t values (1, timestamp '2026-11-20 10:00:00')")
    assert ask("select a from t") == [(1,)]


def test_every_type_can_be_made_written_and_read(ask: Ask) -> None:
    columns = (
        "b boolean, i int, l bigint, f float, d double, n decimal(10,2), s string, y binary, dt date, "
        "ts timestamp, arr array<int>, m map<string,double>, r struct<x:int,y:array<struct<z:string>>>"
    )
    ask(create("t", columns))
    assert [row[1] for row in ask("describe t")][:13] == [
        *("boolean", "int", "bigint", "float", "double", "decimal(10,2)", "string", "binary", "date"),
        *("timestamp", "array<int>", "map<string,double>", "struct<x:int,y:array<struct<z:string>>>"),
    ]
    ask(
        """insert into t (b, i, r) values
        (true, 1, cast(row(1, array[row('q')]) as row(x integer, y array(row(z varchar)))))"""
    )
    assert ask("select b, i, r.x, r.y[1].z from t") == [(True, 1, 1, "q")]


EXTERNAL = (
    "create external table logs (a int) row format serde 'org.openx.data.jsonserde.JsonSerDe' location "
)


@pytest.mark.parametrize("location", ["s3://b/db/t/logs/", "s3://b/db/t", "s3://b/"])
def test_iceberg_and_external_tables_do_not_share_folders(ask: Ask, location: str) -> None:
    overlap = "INVALID_TABLE_PROPERTY: table db.{}: the location .* overlaps that of the table db.{}"
    ask(create("t"))
    with pytest.raises(QueryError, match=overlap.format("logs", "t")):
        ask(f"{EXTERNAL} '{location}'")
    ask("drop table t")
    ask(f"{EXTERNAL} '{location}'")
    with pytest.raises(QueryError, match=overlap.format("t", "logs")):
        ask(create("t"))


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("create table t (a int) location 's3://b/t'", "NOT_SUPPORTED: db.t: without EXTERNAL"),
        (create("t", "a foo"), "INVALID_TYPE: type 'foo' is none"),
        (create("t", "a tinyint"), "NOT_SUPPORTED: Type tinyint is not supported by Iceberg tables"),
        (create("t", "a int, A int"), "DUPLICATE_COLUMN_NAME: Column 'a' is specified more than once"),
        (create("t", more="partitioned by (nope)"), "COLUMN_NOT_FOUND: partition column 'nope'"),
        (create("t", more="partitioned by (week(ts))"), "INVALID_TABLE_PROPERTY: partition transform 'week'"),
        (
            create("t").replace("'ICEBERG'", "'ICEBERG', 'colour'='red'"),
            "INVALID_TABLE_PROPERTY: Unsupported table property key: colour",
        ),
        (
            create("t").replace("s3://", "/tmp/"),
            "INVALID_TABLE_PROPERTY: db.t: LOCATION must be an s3:// folder",
        ),
        (
            create("t", more="partitioned by (a, truncate(2, a))"),
            "INVALID_TABLE_PROPERTY: table db.t: the column 'a' is in 2 partition fields",
        ),
        (create("nodb.t"), "SCHEMA_NOT_FOUND: Schema 'nodb' does not exist"),
        ("create table t (a int", "SYNTAX_ERROR: line 1:22: mismatched input '<EOF>'. Expecting: ',' or ')'"),
        ("create table t (a int) clustered by (a)", "SYNTAX_ERROR: line 1:24: mismatched input 'clustered'"),
        ("drop table t", "TABLE_NOT_FOUND: Table 'awsdatacatalog.db.t' does not exist"),
        ("alter table t explode", "SYNTAX_ERROR: line 1:15: mismatched input 'explode'. Expecting: ADD"),
    ],
)
def test_ddl_that_cannot_be_is_refused_with_the_reason(ask: Ask, sql: str, message: str) -> None:
    with pytest.raises(QueryError) as failed:
        ask(sql)
    assert str(failed.value).startswith(message)
    assert ask("show tables") == []


def test_existing_table_is_left_alone(ask: Ask) -> None:
    ask(create("t"))
    ask("create table if not exists t (x string) location 's3://b/x' tblproperties ('table_type'='iceberg')")
    with pytest.raises(QueryError, match=r"TABLE_ALREADY_EXISTS: Table 'db\.t' already exists"):
        ask(create("t"))
    assert ask("show columns in t") == [("a",), ("ts",)]


def test_dropped_iceberg_table_takes_its_files_with_it(ask: Ask, empty_lakehouse: Lakehouse) -> None:
    ask(create("t"))
    ask("insert into t (a) values (1)")
    assert empty_lakehouse.objects.list("b", "db/t/")
    ask("drop table t")
    assert empty_lakehouse.objects.list("b", "db/t/") == []
    ask("drop table if exists t")
    ask(create("t"))
    assert ask("select count(*) from t") == [(0,)]


def test_columns_and_properties_are_altered(ask: Ask) -> None:
    ask(create("t"))
    ask("insert into t (a) values (1)")
    ask("alter table t add columns (note string comment 'why', n decimal(4,1))")
    assert ask("select a, note, n from t") == [(1, None, None)]
    ask("alter table t drop column n")
    ask("alter table t set tblproperties ('vacuum_min_snapshots_to_keep'='3')")
    assert ask("show tblproperties t('vacuum_min_snapshots_to_keep')") == [
        ("vacuum_min_snapshots_to_keep", "3")
    ]
    assert ask("show columns from t from db") == [("a",), ("ts",), ("note",)]


def test_shown_statement_makes_the_same_table_again(ask: Ask) -> None:
    ask(create("t", "a int comment 'one', `timestamp` timestamp", "partitioned by (a, day(`timestamp`))"))
    lines = [line for (line,) in ask("show create table t")]
    kept = [line for line in lines if "write.metadata" not in line and "commit." not in line]
    ask("drop table t")
    ask("\n".join(kept))
    assert [line for (line,) in ask("show create table t")] == lines


def test_ctas_makes_an_iceberg_table(ask: Ask) -> None:
    ask(
        """create table t with (table_type = 'ICEBERG', is_external = false, location = 's3://b/ctas/t',
        partitioning = array['day(ts)', 'bucket(a, 4)']) as
        select 1 as a, timestamp '2026-11-20 10:00:00' as ts, 1.50 as n union all
        select 2, timestamp '2026-11-21 10:00:00', 2.25"""
    )
    assert ask("select a, n from t order by a") == [(1, pytest.approx(1.5)), (2, pytest.approx(2.25))]
    assert len(ask('select * from "t$partitions"')) == 2


def test_ctas_with_no_data_makes_the_columns_only(ask: Ask) -> None:
    ask("create table t with (table_type='iceberg', location='s3://b/t') as select 1 as a with no data")
    assert ask("select * from t") == []
    assert ask("describe t")[0][:2] == ("a", "int")


def test_view_is_its_query(ask: Ask) -> None:
    ask(create("t"))
    ask("create view v as select a + 1 as b, count(*) as c from t group by 1")
    ask("insert into t (a) values (1), (1)")
    assert ask("select v.b, c from v where c > 1") == [(2, 2)]
    ask("create or replace view v as with x as (select a from t) select max(a) as m from x")
    assert ask("select * from db.v") == [(1,)]
    assert ask("show views") == [("v",)]
    assert ask("show create view v")[0] == ("CREATE VIEW db.v AS",)
    assert ask("select table_type from information_schema.tables where table_name = 'v'") == [("VIEW",)]
    with pytest.raises(QueryError, match=r"db\.v is a view, use DROP VIEW"):
        ask("drop table v")
    ask("drop view v")
    assert ask("show tables") == [("t",)]


def test_view_that_cannot_be_answered_is_not_made(ask: Ask) -> None:
    with pytest.raises(QueryError, match="TABLE_NOT_FOUND"):
        ask("create view v as select * from nothing")
    assert ask("show tables") == []


def test_information_schema_tells_tables_and_columns(ask: Ask) -> None:
    ask(create("t", more="partitioned by (a)"))
    assert ask("select table_name, table_type from information_schema.tables where table_schema = 'db'") == [
        ("t", "BASE TABLE")
    ]
    assert ask(
        "select column_name, ordinal_position, data_type from information_schema.columns "
        "where table_name = 't'"
    ) == [("a", 1, "integer"), ("ts", 2, "timestamp(6)")]


def test_optimize_makes_one_file_of_many(ask: Ask) -> None:
    ask(create("t", "a int, k string", "partitioned by (k)"))
    for number in range(6):
        ask(f"insert into t values ({number}, 'x'), ({number}, 'y')")
    ask("optimize t rewrite data using bin_pack where k = 'x'")
    assert ask('select "partition".k, file_count from "t$partitions" order by 1') == [("x", 1), ("y", 6)]
    assert ask('select count(*) from "t$files"') == [(7,)]
    ask("optimize t rewrite data using bin_pack")
    assert ask('select count(*) from "t$files"') == [(2,)]
    assert ask("select count(*), sum(a) from t") == [(12, 30)]
    with pytest.raises(QueryError, match=r"the condition may only have partition columns \(k\), got a"):
        ask("optimize t rewrite data using bin_pack where a = 1")


def test_vacuum_forgets_old_snapshots_and_their_files(ask: Ask, empty_lakehouse: Lakehouse) -> None:
    ask(create("t"))
    for number in range(3):
        ask(f"insert into t (a) values ({number})")
    ask("delete from t where a = 0")
    ask("alter table t set tblproperties ('vacuum_max_snapshot_age_seconds'='0')")
    before = len(empty_lakehouse.objects.list("b", "db/t/data"))
    ask("vacuum t")
    assert ask('select count(*) from "t$snapshots"') == [(1,)]
    assert len(empty_lakehouse.objects.list("b", "db/t/data")) < before
    assert ask("select count(*) from t") == [(2,)]


def test_table_can_be_read_as_it_was(ask: Ask) -> None:
    ask(create("t"))
    ask("insert into t (a) values (1)")
    [(first,)] = ask('select snapshot_id from "t$snapshots"')
    time.sleep(0.02)
    [(between,)] = ask("select cast(now() as varchar)")
    time.sleep(0.02)
    ask("alter table t add columns (extra string)")
    ask("insert into t (a, extra) values (2, 'x')")
    assert ask(f"select * from t for version as of {first}") == [(1, None)]
    moment = between.partition("+")[0]
    assert ask(f"select count(*) from t for timestamp as of timestamp '{moment} UTC'") == [(1,)]
    assert ask(
        f"select n.a, o.a from t n left join t for version as of {first} o on n.a = o.a order by 1"
    ) == [
        (1, 1),
        (2, None),
    ]
    with pytest.raises(QueryError, match="No version history table at or before 2020-01-01"):
        ask("select * from t for timestamp as of timestamp '2020-01-01 00:00:00 UTC'")
    with pytest.raises(QueryError, match="Iceberg snapshot ID does not exists: 5"):
        ask("select * from t for version as of 5")


def test_history_names_the_snapshots_in_order(ask: Ask) -> None:
    ask(create("t"))
    ask("insert into t (a) values (1)")
    ask("delete from t where a = 1")
    assert ask('select is_current_ancestor from "t$history"') == [(True,), (True,)]
    assert len(ask('select operation from "t$snapshots"')) == 2
    assert ask('select name, type from "t$refs"') == [("main", "BRANCH")]
    assert ask('select sum(added_data_files_count) >= 0 from "t$manifests"') == [(True,)]
