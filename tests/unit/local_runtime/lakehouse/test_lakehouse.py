"""Databases and tables from their templates, and commits."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.types import StringType

from local_runtime.errors import LocalRuntimeError, UnsupportedResourceError
from local_runtime.lakehouse.lakehouse import Lakehouse, TableNotFoundError
from tests.unit.local_runtime.lakehouse.tables import (
    BUCKET,
    COLUMNS,
    DATABASE,
    TABLE,
    WEB_LOG_FIELDS,
    database_resource,
    documents,
    event,
    open_lakehouse,
    store,
    table_resource,
    web_log_lakehouse,
)

NEW_COLUMN = {"Id": 11, "Name": "country", "Type": "string", "Required": False}


@pytest.fixture
def lakehouse(tmp_path: Path) -> Lakehouse:
    return web_log_lakehouse(tmp_path)


def rows_of(lakehouse: Lakehouse) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = lakehouse.table(DATABASE, TABLE).scan().to_arrow().to_pylist()
    return sorted(rows, key=lambda row: str(row["user_id"]))


def test_table_has_the_columns_partitions_and_properties_of_its_template(lakehouse: Lakehouse) -> None:
    table = lakehouse.table(DATABASE, TABLE)
    assert tuple(field.name for field in table.schema().fields) == COLUMNS
    assert [str(field.transform) for field in table.spec().fields] == ["identity", "day"]
    assert table.metadata.format_version == 2
    assert table.location() == f"s3://{BUCKET}/{DATABASE}/{TABLE}"
    assert table.properties["optimize_rewrite_delete_file_threshold"] == "10"
    assert (lakehouse.databases(), lakehouse.tables(DATABASE)) == ([DATABASE], [TABLE])


def test_rows_survive_a_restart_and_the_same_templates(tmp_path: Path) -> None:
    first = web_log_lakehouse(tmp_path)
    store(first, [event(user_id="a"), event(user_id="b", event="cart")])
    first.close()
    again = web_log_lakehouse(tmp_path)
    assert [row["user_id"] for row in rows_of(again)] == ["a", "b"]
    assert again.facts(DATABASE, TABLE).snapshots == 1


def test_state_can_be_moved(tmp_path: Path) -> None:
    first = web_log_lakehouse(tmp_path / "before")
    store(first, [event()])
    first.close()
    shutil.move(tmp_path / "before", tmp_path / "after")
    assert len(rows_of(open_lakehouse(tmp_path / "after"))) == 1


def test_files_lie_in_the_bucket_under_their_partition(lakehouse: Lakehouse) -> None:
    store(lakehouse, [event(event="cart")])
    keys = lakehouse.objects.list(BUCKET, f"{DATABASE}/{TABLE}/data/")
    assert len(keys) == 1
    assert keys[0].startswith(f"{DATABASE}/{TABLE}/data/event=cart/timestamp_day=2026-11-20/")
    [task] = lakehouse.table(DATABASE, TABLE).scan().plan_files()
    assert task.file.file_path == f"s3://{BUCKET}/{keys[0]}"


@pytest.mark.parametrize("value", ["", "a/b", "../../x", "ü ", "x=y&z", "\n\x00", "e" * 512])
def test_event_with_any_text_is_stored_whatever_its_folder_becomes(lakehouse: Lakehouse, value: str) -> None:
    store(lakehouse, [event(event=value)])
    assert [row["event"] for row in rows_of(lakehouse)] == [value]


def test_append_is_one_snapshot_with_the_summary_in_it(lakehouse: Lakehouse) -> None:
    first = store(lakehouse, [event(), event(event="cart")], **{"firehose.x.positions": '{"s": "1"}'})
    assert lakehouse.snapshot_property(DATABASE, TABLE, "firehose.x.positions") == '{"s": "1"}'
    second = store(lakehouse, [event()])
    table = lakehouse.table(DATABASE, TABLE)
    assert [snapshot.snapshot_id for snapshot in table.metadata.snapshots] == [first, second]


def test_snapshot_property_is_found_behind_newer_snapshots(lakehouse: Lakehouse) -> None:
    assert lakehouse.snapshot_property(DATABASE, TABLE, "p") is None
    store(lakehouse, [event()], p="1")
    store(lakehouse, [event()], p="2")
    store(lakehouse, [event()])
    assert lakehouse.snapshot_property(DATABASE, TABLE, "p") == "2"
    assert lakehouse.snapshot_property(DATABASE, TABLE, "q") is None


def test_append_of_no_rows_keeps_the_summary(lakehouse: Lakehouse) -> None:
    store(lakehouse, [], p="1")
    assert lakehouse.snapshot_property(DATABASE, TABLE, "p") == "1"
    assert lakehouse.facts(DATABASE, TABLE).rows == 0


def test_facts_count_rows_files_bytes_and_snapshots(lakehouse: Lakehouse) -> None:
    assert lakehouse.facts(DATABASE, TABLE).last_commit is None
    store(lakehouse, [event(), event(), event(event="cart")])
    store(lakehouse, [event()])
    facts = lakehouse.facts(DATABASE, TABLE)
    assert (facts.rows, facts.files, facts.snapshots) == (4, 3, 2)
    sizes = [
        len(lakehouse.objects.get(BUCKET, key))
        for key in lakehouse.objects.list(BUCKET, f"{DATABASE}/{TABLE}/data")
    ]
    assert facts.bytes == sum(sizes)
    assert facts.last_commit is not None
    assert abs(datetime.now(UTC) - facts.last_commit) < timedelta(minutes=1)


def test_unknown_table_is_named(lakehouse: Lakehouse) -> None:
    with pytest.raises(TableNotFoundError, match=r"^nope\.web_log_iceberg$"):
        lakehouse.table("nope", TABLE)
    with pytest.raises(LookupError, match=r"web_log_iceberg_db\.nope"):
        lakehouse.convert(DATABASE, "nope", [])
    assert lakehouse.tables("nope") == []


def test_table_without_partitions_takes_rows(tmp_path: Path) -> None:
    lakehouse = open_lakehouse(tmp_path)
    lakehouse.ensure_database(database_resource())
    lakehouse.ensure_table(table_resource(partition_fields=()))
    store(lakehouse, [event()])
    assert lakehouse.facts(DATABASE, TABLE).rows == 1


def test_new_column_of_the_template_is_added_and_old_rows_have_null(lakehouse: Lakehouse) -> None:
    store(lakehouse, [event(user_id="a")])
    lakehouse.ensure_table(table_resource([*WEB_LOG_FIELDS, NEW_COLUMN]))
    store(lakehouse, [event(user_id="b", country="SE")])
    assert [row["country"] for row in rows_of(lakehouse)] == [None, "SE"]


def test_columns_added_and_dropped_by_hand_stay_so_at_the_next_start(
    lakehouse: Lakehouse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with lakehouse.table(DATABASE, TABLE).update_schema() as update:
        update.add_column("mine", StringType())
        update.delete_column("referrer")
    for _ in range(2):
        lakehouse.ensure_table(table_resource([*WEB_LOG_FIELDS, NEW_COLUMN]))
        names = [field.name for field in lakehouse.table(DATABASE, TABLE).schema().fields]
        assert names == [*(name for name in COLUMNS if name != "referrer"), "mine", "country"]
    assert "has columns that its template does not: mine" in caplog.text
    assert "column 'referrer' of the template was dropped by hand; it stays so" in caplog.text


def test_template_may_give_up_a_column_that_was_dropped_by_hand(lakehouse: Lakehouse) -> None:
    with lakehouse.table(DATABASE, TABLE).update_schema() as update:
        update.delete_column("uri")
    lakehouse.ensure_table(table_resource(WEB_LOG_FIELDS[:9]))
    assert [field.name for field in lakehouse.table(DATABASE, TABLE).schema().fields] == list(COLUMNS[:9])


def test_changed_property_is_taken_over(lakehouse: Lakehouse) -> None:
    lakehouse.ensure_table(table_resource(optimize_rewrite_delete_file_threshold="5"))
    table = lakehouse.table(DATABASE, TABLE)
    assert table.properties["optimize_rewrite_delete_file_threshold"] == "5"


def test_same_template_makes_no_new_metadata(lakehouse: Lakehouse) -> None:
    before = lakehouse.table(DATABASE, TABLE).metadata_location
    lakehouse.ensure_table(table_resource())
    assert lakehouse.table(DATABASE, TABLE).metadata_location == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (table_resource(WEB_LOG_FIELDS[:9]), "no longer has the column 'uri'"),
        (
            table_resource([*WEB_LOG_FIELDS, {**NEW_COLUMN, "Required": True}]),
            "'country' is new and required",
        ),
        (
            table_resource([*WEB_LOG_FIELDS[:9], {**WEB_LOG_FIELDS[9], "Type": "long"}]),
            "type of column 'uri' is string in the state in use and long in the template",
        ),
        (
            table_resource(partition_fields=()),
            r"partitioning is identity\(event\), day\(timestamp\) in the state in use and none in the",
        ),
    ],
)
def test_change_that_would_lose_something_is_refused(
    lakehouse: Lakehouse, changed: Any, message: str
) -> None:
    with pytest.raises(LocalRuntimeError, match=rf"^table {DATABASE}\.{TABLE}: .*{message}"):
        lakehouse.ensure_table(changed)


@pytest.mark.parametrize("kind", ["varchar", "time", "uuid", "fixed[4]", None])
def test_column_type_that_athena_does_not_have_is_unsupported(lakehouse: Lakehouse, kind: str | None) -> None:
    fields = [{"Id": 1, "Name": "c", "Type": kind}]
    with pytest.raises(UnsupportedResourceError, match=r"Schema\.Fields"):
        lakehouse.ensure_table(table_resource(fields, (), name="other"))


def test_partition_of_an_unknown_column_is_unsupported(lakehouse: Lakehouse) -> None:
    partition = [{"SourceId": 99, "Transform": "day", "Name": "d"}]
    with pytest.raises(UnsupportedResourceError, match="PartitionSpec"):
        lakehouse.ensure_table(table_resource(WEB_LOG_FIELDS, partition, name="other"))


def test_table_needs_its_database(tmp_path: Path) -> None:
    with pytest.raises(LocalRuntimeError, match="'web_log_iceberg_db' does not exist; there is none"):
        open_lakehouse(tmp_path).ensure_table(table_resource())


@pytest.mark.parametrize("location", ["", "/inner", "/../", "/data/"])
def test_table_in_the_folder_of_another_or_around_it_is_refused(lakehouse: Lakehouse, location: str) -> None:
    resource = table_resource(name="other")
    iceberg = resource.properties["OpenTableFormatInput"]["IcebergInput"]["IcebergTableInput"]
    taken = f"s3://{BUCKET}/{DATABASE}/{TABLE}"
    iceberg["Location"] = f"s3://{BUCKET}/{DATABASE}" if location == "/../" else taken + location
    message = f"overlaps that of the table {DATABASE}.{TABLE}, {taken}; a table needs a folder of its own"
    with pytest.raises(LocalRuntimeError, match=message):
        lakehouse.ensure_table(resource)
    iceberg["Location"] = f"{taken}_2"
    lakehouse.ensure_table(resource)


def test_rejected_records_do_not_reach_the_table(lakehouse: Lakehouse) -> None:
    good, bad = documents([event(), event(timestamp="yesterday")])
    rows, rejected = lakehouse.convert(DATABASE, TABLE, [good, bad])
    assert isinstance(rows, pa.Table)
    assert (rows.num_rows, [item.index for item in rejected]) == (1, [1])
