"""External tables: JSON and Parquet under a prefix, partitions registered, repaired and projected."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from local_runtime.athena.result import QueryError
from local_runtime.lakehouse.lakehouse import Lakehouse

Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]
LOGS = """create external table logs (
    requestId string, status int, bytes bigint, at timestamp, day date, ok boolean, share double,
    event struct<type:string, Product:struct<name:string>, amount:decimal(10,2)>,
    tags array<string>, m map<string,int>
) partitioned by (year int, month string)
row format serde 'org.openx.data.jsonserde.JsonSerDe'
with serdeproperties ('mapping.bytes' = 'responseLength')
stored as inputformat 'org.apache.hadoop.mapred.TextInputFormat'
outputformat 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
location 's3://data/json-data/' tblproperties ('has_encrypted_data' = 'false')"""
JANUARY = b"""{"requestId": "r1", "status": "200", "responseLength": 10, "at": "2026-01-05 10:00:00.5",
"day": "2026-01-05", "ok": true, "share": 1, "tags": ["a"], "m": {"k": 1}, "more": 1,
"event": {"Type": "checkout", "product": {"NAME": "hat"}, "amount": 9.5}}""".replace(b"\n", b" ")


@pytest.fixture
def logs(ask: Ask, empty_lakehouse: Lakehouse) -> Ask:
    empty_lakehouse.objects.create_bucket("data")
    put = empty_lakehouse.objects.put
    put("data", "json-data/year=2026/month=01/a.json", JANUARY + b'\n\n{"REQUESTID": 5, "at": 1767607200}\n')
    put(
        "data",
        "json-data/year=2026/month=02/b.json.gz",
        gzip.compress(b'{"requestId": {"x": [1]}, "status": 404}'),
    )
    put("data", "json-data/year=2026/month=02/_temporary", b"no json")
    ask(LOGS)
    ask("msck repair table logs")
    return ask


def test_json_lines_become_rows_of_the_declared_types(logs: Ask) -> None:
    assert logs("select * from logs where requestid = 'r1'") == [
        (
            *("r1", 200, 10, datetime(2026, 1, 5, 10, 0, 0, 500000), date(2026, 1, 5), True, 1.0),
            {"type": "checkout", "product": {"name": "hat"}, "amount": pytest.approx(9.5)},
            *(["a"], {"k": 1}, 2026, "01"),
        )
    ]


def test_absent_keys_are_null_and_other_values_are_their_text(logs: Ask) -> None:
    assert logs("select requestid, status, at, month from logs where requestid <> 'r1' order by 1") == [
        ("5", None, datetime(2026, 1, 5, 10), "01"),
        ('{"x":[1]}', 404, None, "02"),
    ]


def test_nested_fields_are_asked_for_by_name(logs: Ask) -> None:
    assert logs("select event.product.name from logs where event.type = 'checkout'") == [("hat",)]


def test_partitions_are_found_shown_added_and_dropped(logs: Ask, empty_lakehouse: Lakehouse) -> None:
    assert logs("show partitions logs") == [("year=2026/month=01",), ("year=2026/month=02",)]
    assert logs("msck repair table logs") == []
    empty_lakehouse.objects.put("data", "elsewhere/c.json", b'{"requestId": "r3"}')
    logs(
        "alter table logs add if not exists partition (year = 2026, month = '03') location 's3://data/elsewhere/'"
    )
    assert logs("select requestid, year, \"$path\" from logs where month = '03'") == [
        ("r3", 2026, "s3://data/elsewhere/c.json")
    ]
    logs("alter table logs drop partition (year = '2026', month = '03')")
    assert logs('select year, month from "logs$partitions"') == [("2026", "01"), ("2026", "02")]
    with pytest.raises(QueryError, match="ALREADY_EXISTS: Partition already exists"):
        logs("alter table logs add partition (year = 2026, month = '01')")
    with pytest.raises(QueryError, match=r"table db\.logs is partitioned by year, month"):
        logs("alter table logs add partition (year = 2026)")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"no json", "HIVE_CURSOR_ERROR: Row is not a valid JSON Object"),
        (b"[1]", "HIVE_CURSOR_ERROR: Row is not a valid JSON Object"),
        (b'{"status": "many"}', "HIVE_BAD_DATA: Error parsing field value 'many' for field status: int"),
        (b'{"event": 5}', "HIVE_BAD_DATA: Error parsing field value '5' for field event"),
    ],
)
def test_bad_line_fails_the_query_with_the_place(
    logs: Ask, empty_lakehouse: Lakehouse, line: bytes, message: str
) -> None:
    empty_lakehouse.objects.put("data", "json-data/year=2026/month=01/bad.json", line)
    with pytest.raises(QueryError) as failed:
        logs("select count(status), max(event) from logs")
    assert str(failed.value).startswith(message)
    assert "s3://data/json-data/year=2026/month=01/bad.json" in str(failed.value)


def test_malformed_lines_are_nulls_when_the_table_says_so(ask: Ask, empty_lakehouse: Lakehouse) -> None:
    empty_lakehouse.objects.create_bucket("data")
    empty_lakehouse.objects.put("data", "t/a.json", b'{"a": 1}\nnot json\n')
    ask("""create external table t (a int) row format serde 'org.openx.data.jsonserde.JsonSerDe'
        with serdeproperties ('ignore.malformed.json' = 'true') location 's3://data/t/'""")
    assert ask("select a from t order by 1") == [(1,), (None,)]


def test_ctas_writes_partitioned_parquet_once(logs: Ask, empty_lakehouse: Lakehouse) -> None:
    ctas = """create table parquet_logs with (format = 'PARQUET', external_location = 's3://data/parquet-data/',
        partitioned_by = array['year', 'month'], write_compression = 'SNAPPY') as
        select requestid, status, event, year, month from logs"""
    logs(ctas)
    keys = empty_lakehouse.objects.list("data", "parquet-data/")
    assert [key.rpartition("/")[0] for key in keys] == [
        "parquet-data/year=2026/month=01",
        "parquet-data/year=2026/month=02",
    ]
    assert logs("select month, count(*), max(status) from parquet_logs group by 1 order by 1") == [
        ("01", 2, 200),
        ("02", 1, 404),
    ]
    logs("insert into parquet_logs values ('new', 1, null, 2027, '01')")
    assert logs("select requestid from parquet_logs where year = 2027") == [("new",)]
    logs("drop table parquet_logs")
    with pytest.raises(
        QueryError, match=r"HIVE_PATH_ALREADY_EXISTS: Target directory for table 'db\.parquet_logs'"
    ):
        logs(ctas)


@pytest.mark.parametrize(
    ("sql", "options", "message"),
    [
        (
            "create table t with (external_location = 's3://data/t') as select 1 as a",
            {"location_is_enforced": True, "output_location": "s3://results/"},
            "INVALID_TABLE_PROPERTY: The Create Table As Select query failed because it was submitted with",
        ),
        ("create table t as select 1 as a", {}, "INVALID_TABLE_PROPERTY: No output location provided"),
        (
            "create table t with (external_location='s3://data/t', partitioned_by=array['a']) "
            "as select 1 a, 2 b",
            {},
            "HIVE_COLUMN_ORDER_MISMATCH: ",
        ),
        (
            "create table t with (external_location='s3://data/t', format='ORC') as select 1 as a",
            {},
            "NOT_SUPPORTED: the local run writes the formats parquet, json (got 'orc')",
        ),
        ("create table t with (external_location='s3://data/t') as select 1", {}, "MISSING_COLUMN_NAME: "),
        (
            "create table t with (external_location='s3://data/t', partitioned_by=array['n']) as "
            "select 1 as a, n from unnest(sequence(1, 101)) as x (n)",
            {},
            "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100",
        ),
    ],
)
def test_ctas_that_athena_refuses_leaves_no_table(ask: Ask, sql: str, options: Any, message: str) -> None:
    with pytest.raises(QueryError) as failed:
        ask(sql, **options)
    assert str(failed.value).startswith(message)
    assert ask("show tables") == []


def test_ctas_without_a_location_goes_below_the_results(ask: Ask, empty_lakehouse: Lakehouse) -> None:
    ask("create table t as select 1 as a", output_location="s3://results/q/", location_is_enforced=True)
    assert ask("select a from t") == [(1,)]
    assert empty_lakehouse.objects.list("results", "q/tables/")


def test_unload_writes_files_and_no_table(logs: Ask, empty_lakehouse: Lakehouse) -> None:
    logs("unload (select requestid, month from logs) to 's3://data/out/' with (format = 'JSON', "
         "compression = 'none', partitioned_by = array['month'])")  # fmt: skip
    keys = empty_lakehouse.objects.list("data", "out/")
    assert sorted(key.split("/")[1] for key in keys) == ["month=01", "month=02"]
    assert logs("show tables") == [("logs",)]


def projected(properties: str, keys: str = "data string") -> str:
    return f"""create external table p (a string) partitioned by ({keys}) stored as parquet
        location 's3://data/clicklog/' tblproperties ('projection.enabled' = 'true', {properties})"""


@pytest.mark.parametrize(
    ("properties", "seen"),
    [
        (
            "'projection.data.type'='date', 'projection.data.format'='yyyy-MM-dd', "
            "'projection.data.range'='2026-02-01,NOW'",
            ["2026-02-03"],
        ),
        ("'projection.data.type'='enum', 'projection.data.values'='2026-01-01,x'", ["2026-01-01"]),
        ("'projection.data.type'='integer', 'projection.data.range'='1,9'", ["7"]),
        ("'projection.data.type'='integer', 'projection.data.range'='1,9', 'projection.data.digits'='2'", []),
    ],
)
def test_projection_decides_which_folders_are_partitions(ask: Ask, properties: str, seen: list[str]) -> None:
    ask(projected("'projection.data.type'='injected'"))
    ask("insert into p values ('x', '2026-01-01'), ('y', '2026-02-03'), ('z', '7')")
    ask("drop table p")
    ask(projected(properties))
    assert ask("select data from p order by 1") == [(value,) for value in seen]


def test_projection_template_places_the_folders(ask: Ask, empty_lakehouse: Lakehouse) -> None:
    ask(
        projected(
            "'projection.day.type'='date', 'projection.day.format'='yyyy/MM/dd', "
            "'projection.day.range'='2026/01/01,NOW+1DAY', "
            "'storage.location.template'='s3://data/clicklog/raw/${day}/'",
            keys="day string",
        )
    )
    ask("insert into p values ('x', '2026/01/05')")
    [key] = empty_lakehouse.objects.list("data", "clicklog/raw/")
    assert key.startswith("clicklog/raw/2026")
    assert ask("select a, day from p where day >= '2026/01/01'") == [("x", "2026/01/05")]


def test_projection_that_is_not_understood_is_named(ask: Ask) -> None:
    ask(projected("'projection.data.type'='weekly'"))
    with pytest.raises(
        QueryError, match=r"projection.data.type must be one of enum, integer, date, injected"
    ):
        ask("select * from p")


@pytest.mark.parametrize(
    "statement",
    [
        "delete from logs",
        "update logs set status = 1",
        "optimize logs rewrite data using bin_pack",
        "vacuum logs",
    ],
)
def test_rows_of_external_tables_cannot_be_changed(logs: Ask, statement: str) -> None:
    with pytest.raises(QueryError, match=r"NOT_SUPPORTED: .* is not supported for external tables: db.logs"):
        logs(statement)


def test_delimited_text_is_refused_by_name(ask: Ask) -> None:
    with pytest.raises(QueryError, match=r"reads external tables by the SerDes .*OpenCSVSerde"):
        ask("""create external table c (a string)
            row format serde 'org.apache.hadoop.hive.serde2.OpenCSVSerde' location 's3://data/c/'""")


def test_catalog_of_external_tables_is_durable(ask: Ask, empty_lakehouse: Lakehouse) -> None:
    ask(projected("'projection.data.type'='injected'"))
    table = empty_lakehouse.external.get("DB", "P")
    assert table is not None
    assert table.table_input["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"].endswith(
        "ParquetHiveSerDe"
    )
    assert table.partition_keys[0].name == "data"
