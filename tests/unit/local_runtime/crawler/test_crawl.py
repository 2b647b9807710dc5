"""Crawls over real objects: the table they make, and what later crawls change of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_runtime.athena.result import QueryError
from local_runtime.crawler.crawl import Crawl, CrawlCancelledError
from local_runtime.crawler.settings import CrawlerSettings
from local_runtime.errors import LocalRuntimeError
from local_runtime.lakehouse.external_tables import JSON_SERDES
from tests.unit.local_runtime.crawler.conftest import BUCKET, DATABASE, World, crawler_resource

HOUR = "raw/firehose/2026/11/21/10"
LOG_CHANGES = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {"customerId": 1, "event": {"type": kind, "product": "shoe", "amount": 2}, **more}


def configuration(**members: Any) -> str:
    return json.dumps({"Version": 1.0, **members})


def test_nested_events_become_a_table_that_answers_the_contracts_question(world: World) -> None:
    world.put(f"{HOUR}/a.gz", event("checkout"), event("search"))
    world.put("raw/firehose/2026/11/21/11/b", event("checkout", tags=["x"]))
    report = world.crawl()
    assert (report.created, report.files, report.read_files, report.warnings) == (["firehose"], 2, 2, [])
    assert world.columns() == {
        "customerid": "int",
        "event": "struct<type:string,product:string,amount:int>",
        "tags": "array<string>",
    }
    rows = world.sql(
        "SELECT event.product, sum(event.amount), partition_3 FROM firehose "
        "WHERE event.type = 'checkout' GROUP BY 1, 3 ORDER BY 3"
    )
    assert rows == [("shoe", 2, "10"), ("shoe", 2, "11")]
    assert world.sql("SELECT tag FROM firehose CROSS JOIN UNNEST(tags) AS t (tag)") == [("x",)]


def test_table_says_what_a_crawlers_table_says_in_glue(world: World) -> None:
    world.put(f"{HOUR}/a.gz", event("search"), event("search"))
    world.crawl()
    table = world.table()
    assert table.location == f"s3://{BUCKET}/raw/firehose"
    assert table.serde == JSON_SERDES[0]
    assert table.serde_parameters == {"paths": "customerId,event"}
    assert {key.name: key.type for key in table.partition_keys} == {
        f"partition_{n}": "string" for n in range(4)
    }
    kept = ("UPDATED_BY_CRAWLER", "classification", "compressionType", "objectCount", "recordCount")
    assert [table.parameters[name] for name in kept] == ["events-crawler", "json", "gzip", "1", "2"]


def test_second_crawl_reads_what_is_new_alone(world: World) -> None:
    world.put(f"{HOUR}/a", event("search"))
    world.crawl()
    before = world.table()
    again = world.crawl()
    assert (again.read_files, again.changes, world.table()) == (0, [], before)
    world.put("raw/firehose/2026/11/21/11/b", event("search"))
    world.put(f"{HOUR}/a", event("search", added=True))
    more = world.crawl()
    assert (more.read_files, more.updated) == (2, ["firehose"])
    assert more.changes == ["firehose: column added boolean added", "firehose: 1 partitions added"]


def test_field_that_changes_its_type_becomes_a_string_and_old_rows_are_read(world: World) -> None:
    world.put(f"{HOUR}/a", {"amount": 1, "size": 1})
    world.crawl()
    world.put(f"{HOUR}/b", {"amount": "many", "size": 1.5})
    report = world.crawl()
    assert report.changes == [
        "firehose: column amount is string, was int",
        "firehose: column size is double, was int",
    ]
    assert sorted(world.sql("SELECT amount, size FROM firehose")) == [("1", 1.0), ("many", 1.5)]


def test_empty_prefix_makes_no_table(world: World) -> None:
    world.put("raw/firehose/_SUCCESS", event("x"))
    world.put("raw/other/a", event("x"))
    report = world.crawl()
    assert (world.tables(), report.files, report.warnings) == ([], 0, [])
    with pytest.raises(QueryError, match="does not exist"):
        world.sql("SELECT * FROM firehose")


def test_bucket_that_is_not_there_fails_the_crawl(world: World) -> None:
    with pytest.raises(LocalRuntimeError, match="there is no bucket gone"):
        world.crawl(Targets={"S3Targets": [{"Path": "s3://gone/raw"}]})


def test_what_is_no_json_is_named_and_in_no_column(world: World) -> None:
    world.put(f"{HOUR}/a", event("search"))
    world.lakehouse.objects.put(BUCKET, f"{HOUR}/b", b"customer,event\n1,2\n")
    world.lakehouse.objects.put(BUCKET, f"{HOUR}/c.gz", b"no gzip")
    report = world.crawl()
    assert list(world.columns()) == ["customerid", "event"]
    assert [warning.split(" ", 1)[0].rpartition("/")[2] for warning in report.warnings] == ["b", "c.gz"]


def test_exclusions_and_sample_size_limit_what_is_read(world: World) -> None:
    for number in range(5):
        world.put(f"{HOUR}/{number}.json", {"a": number})
    world.put(f"{HOUR}/x.tmp", {"b": 1})
    target = {"Path": f"s3://{BUCKET}/raw/firehose", "Exclusions": ["**.tmp"], "SampleSize": 2}
    report = world.crawl(Targets={"S3Targets": [target]})
    assert (report.files, report.read_files, world.columns()) == (5, 2, {"a": "int"})


def test_columns_that_are_gone_go_unless_columns_are_merged(world: World) -> None:
    world.put(f"{HOUR}/a", {"old": 1, "kept": 1})
    merging = configuration(CrawlerOutput={"Tables": {"AddOrUpdateBehavior": "MergeNewColumns"}})
    world.crawl(Configuration=merging)
    world.put(f"{HOUR}/a", {"kept": "x", "new": 1})
    report = world.crawl(Configuration=merging)
    assert world.columns() == {"old": "int", "kept": "int", "new": "int"}
    assert report.warnings == ["firehose: column kept is string, was int; MergeNewColumns keeps what was"]
    assert world.crawl().changes == [
        "firehose: column old removed",
        "firehose: column kept is string, was int",
    ]
    assert world.columns() == {"kept": "string", "new": "int"}


def test_log_leaves_columns_and_adds_partitions(world: World) -> None:
    world.put(f"{HOUR}/a", {"a": 1})
    world.crawl(SchemaChangePolicy=LOG_CHANGES)
    world.put("raw/firehose/2026/11/21/11/b", {"a": 1, "b": 1})
    report = world.crawl(SchemaChangePolicy=LOG_CHANGES)
    assert world.columns() == {"a": "int"}
    assert report.changes == [
        "firehose: column b int added (UpdateBehavior LOG: the table stays)",
        "firehose: 1 partitions added",
    ]
    assert world.sql("SELECT count(*) FROM firehose") == [(2,)]


@pytest.mark.parametrize(
    ("behavior", "tables", "partitions"),
    [("DELETE_FROM_DATABASE", [], 1), ("DEPRECATE_IN_DATABASE", ["firehose"], 2), ("LOG", ["firehose"], 2)],
)
def test_what_is_gone_from_the_bucket_goes_as_delete_behavior_says(
    world: World, behavior: str, tables: list[str], partitions: int
) -> None:
    policy = {"DeleteBehavior": behavior}
    world.put(f"{HOUR}/a", {"a": 1})
    world.put("raw/firehose/2026/11/21/11/b", {"a": 1})
    world.crawl(SchemaChangePolicy=policy)
    world.delete(f"{HOUR}/a")
    world.crawl(SchemaChangePolicy=policy)
    assert len(world.lakehouse.external.partitions(world.table())) == partitions
    world.delete("raw/firehose/2026/11/21/11/b")
    report = world.crawl(SchemaChangePolicy=policy)
    assert world.tables() == tables
    assert report.deleted == (["firehose"] if not tables else [])
    if behavior == "DEPRECATE_IN_DATABASE":
        assert world.table().parameters["DEPRECATED_BY_CRAWLER"] == "events-crawler"
        world.put(f"{HOUR}/a", {"a": 1})
        world.crawl(SchemaChangePolicy=policy)
        assert "DEPRECATED_BY_CRAWLER" not in world.table().parameters


def test_new_folders_only_leaves_known_folders_unread(world: World) -> None:
    new_only = {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}}
    policy = {**new_only, "SchemaChangePolicy": LOG_CHANGES}
    world.put(f"{HOUR}/a", {"a": 1})
    world.crawl(**policy)
    world.put(f"{HOUR}/b", {"a": 1})
    world.put("raw/firehose/2026/11/21/11/b", {"a": 1})
    assert world.crawl(**policy).read_files == 1
    assert len(world.lakehouse.external.partitions(world.table())) == 2


def test_tables_of_others_are_left_alone(world: World) -> None:
    world.lakehouse.create_database(DATABASE)
    world.sql(
        f"CREATE EXTERNAL TABLE firehose (x int) ROW FORMAT SERDE '{JSON_SERDES[0]}' "
        f"LOCATION 's3://{BUCKET}/mine/'"
    )
    world.put(f"{HOUR}/a", {"a": 1})
    (name,) = world.crawl(SchemaChangePolicy={"DeleteBehavior": "DELETE_FROM_DATABASE"}).created
    assert name.startswith("firehose_")
    assert world.columns() == {"x": "int"}
    assert world.crawl().changes == []


def test_column_with_a_partition_keys_name_is_left_out(world: World) -> None:
    world.put("raw/firehose/year=2026/a", {"year": 1999, "a": 1})
    report = world.crawl()
    assert "year is left out" in report.warnings[0]
    assert world.sql("SELECT a, year FROM firehose") == [(1, "2026")]


def test_columns_with_odd_names_can_be_queried(world: World) -> None:
    world.put(f"{HOUR}/a", {"$file": 1, "a b": 2, 'q"': 3, "$path": 4, "select": 5})
    world.crawl()
    assert world.sql('SELECT "$file", "a b", "q""", "select" FROM firehose') == [(1, 2, 3, 5)]


def test_more_tables_than_the_threshold_fail_the_crawl(world: World) -> None:
    world.put("raw/firehose/x/a", {"a": 1, "b": 1})
    world.put("raw/firehose/y/a", {"c": 1, "d": 1})
    few = configuration(CrawlerOutput={"Tables": {"TableThreshold": 1}})
    with pytest.raises(LocalRuntimeError, match="found 2 tables, its TableThreshold is 1"):
        world.crawl(Configuration=few)
    combined = configuration(Grouping={"TableGroupingPolicy": "CombineCompatibleSchemas"})
    assert world.crawl(Configuration=combined).created == ["firehose"]


def test_crawl_that_is_stopped_changes_nothing(world: World) -> None:
    world.put(f"{HOUR}/a", {"a": 1})
    settings = CrawlerSettings.from_resource(crawler_resource())
    with pytest.raises(CrawlCancelledError):
        Crawl(settings, world.lakehouse, world.memory, lambda: True).run()
    assert world.tables() == []
