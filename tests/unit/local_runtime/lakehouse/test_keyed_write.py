"""Insert, update and delete by unique keys on real Iceberg tables, against a model that goes row by row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.types import StringType

from local_runtime.errors import LocalRuntimeError
from local_runtime.lakehouse.data_files import current_files
from local_runtime.lakehouse.lakehouse import Lakehouse
from tests.unit.local_runtime.lakehouse.tables import (
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

Change = tuple[str, dict[str, object]]


@pytest.fixture
def lakehouse(tmp_path: Path) -> Lakehouse:
    return web_log_lakehouse(tmp_path)


def write(
    lakehouse: Lakehouse, changes: Sequence[Change], keys: Sequence[str] = ("user_id",), **summary: str
) -> int:
    rows, rejected = lakehouse.convert(DATABASE, TABLE, documents(item for _, item in changes))
    assert rejected == []
    operations = [operation for operation, _ in changes]
    return lakehouse.write_changes(DATABASE, TABLE, rows, operations, keys, summary)


def rows(lakehouse: Lakehouse, *columns: str) -> list[tuple[Any, ...]]:
    found = lakehouse.table(DATABASE, TABLE).scan().to_arrow().select(columns or ("user_id", "event", "uri"))
    return sorted(tuple(row.values()) for row in found.to_pylist())


def test_update_replaces_the_row_of_its_key_and_inserts_a_new_key(lakehouse: Lakehouse) -> None:
    store(lakehouse, [event(user_id="a", uri="/old"), event(user_id="b", uri="/old")])
    write(lakehouse, [("update", event(user_id="a", uri="/new")), ("update", event(user_id="c", uri="/new"))])
    assert rows(lakehouse, "user_id", "uri") == [("a", "/new"), ("b", "/old"), ("c", "/new")]


def test_delete_removes_all_rows_of_its_key(lakehouse: Lakehouse) -> None:
    store(lakehouse, [event(user_id="a"), event(user_id="a", uri="/twice"), event(user_id="b")])
    write(lakehouse, [("delete", event(user_id="a")), ("delete", event(user_id="nobody"))])
    assert rows(lakehouse, "user_id") == [("b",)]


def test_same_key_in_another_partition_stays(lakehouse: Lakehouse) -> None:
    store(lakehouse, [event(user_id="a", event="view"), event(user_id="a", timestamp="2026-11-19T10:00:00Z")])
    write(lakehouse, [("update", event(user_id="a", event="view", uri="/new"))])
    stored = rows(lakehouse, "timestamp", "uri")
    assert stored == [(datetime(2026, 11, 19, 10), "/"), (datetime(2026, 11, 20, 10), "/new")]


def test_duplicates_of_a_key_in_the_table_become_one_row(lakehouse: Lakehouse) -> None:
    store(lakehouse, [event(user_id="a")] * 3)
    store(lakehouse, [event(user_id="a"), event(user_id="b")])
    write(lakehouse, [("update", event(user_id="a", uri="/new"))])
    assert rows(lakehouse, "user_id", "uri") == [("a", "/new"), ("b", "/")]


def test_last_operation_on_a_key_wins_within_a_batch(lakehouse: Lakehouse) -> None:
    write(
        lakehouse,
        [
            ("insert", event(user_id="a", uri="/1")),
            ("update", event(user_id="a", uri="/2")),
            ("update", event(user_id="a", uri="/3")),
            ("update", event(user_id="b", uri="/1")),
            ("delete", event(user_id="b")),
            ("delete", event(user_id="c")),
            ("insert", event(user_id="c", uri="/1")),
            ("insert", event(user_id="c", uri="/2")),
        ],
    )
    assert rows(lakehouse, "user_id", "uri") == [("a", "/3"), ("c", "/1"), ("c", "/2")]


def test_null_keys_are_equal(lakehouse: Lakehouse) -> None:
    store(lakehouse, [event(os=None, uri="/old"), event(os="None", uri="/text")])
    write(lakehouse, [("update", event(os=None, uri="/new"))], keys=("os",))
    assert rows(lakehouse, "uri") == [("/new",), ("/text",)]


def test_keys_of_several_columns_do_not_run_together(lakehouse: Lakehouse) -> None:
    store(lakehouse, [event(user_id="a", session_id="bc"), event(user_id="ab", session_id="c")])
    write(lakehouse, [("delete", event(user_id="a", session_id="bc"))], keys=("user_id", "session_id"))
    assert rows(lakehouse, "user_id") == [("ab",)]


def test_batch_is_one_snapshot_with_its_summary_and_carries_the_others_forward(lakehouse: Lakehouse) -> None:
    store(lakehouse, [event(user_id="a")], **{"firehose.other.positions": "7"})
    before = len(lakehouse.table(DATABASE, TABLE).metadata.snapshots)
    snapshot_id = write(
        lakehouse, [("update", event(user_id="a", uri="/new"))], **{"firehose.me.positions": "1"}
    )
    table = lakehouse.table(DATABASE, TABLE)
    snapshot = table.current_snapshot()
    assert snapshot is not None and snapshot.summary is not None
    assert (snapshot.snapshot_id, len(table.metadata.snapshots)) == (snapshot_id, before + 1)
    properties = snapshot.summary.additional_properties
    assert properties["firehose.me.positions"] == "1"
    assert properties["firehose.other.positions"] == "7"
    assert properties["total-records"] == "1"


def test_batch_that_changes_nothing_still_carries_its_positions(lakehouse: Lakehouse) -> None:
    write(lakehouse, [("delete", event(user_id="nobody"))], **{"firehose.me.positions": "1"})
    assert lakehouse.snapshot_property(DATABASE, TABLE, "firehose.me.positions") == "1"
    assert rows(lakehouse) == []


def test_files_without_a_matching_key_are_left_alone(lakehouse: Lakehouse) -> None:
    for user in "abc":
        store(lakehouse, [event(user_id=user)])
    before = {task.file.file_path for task in current_files(lakehouse.table(DATABASE, TABLE))}
    write(lakehouse, [("update", event(user_id="b", uri="/new"))])
    after = {task.file.file_path for task in current_files(lakehouse.table(DATABASE, TABLE))}
    assert len(before - after) == 1
    assert len(before & after) == 2


def test_unpartitioned_table_and_keys_of_other_types(tmp_path: Path) -> None:
    kinds = ("int", "long", "decimal(9,2)", "date", "timestamp", "boolean", "binary")
    fields = [
        {"Id": number, "Name": f"c{number}", "Required": False, "Type": kind}
        for number, kind in enumerate(kinds, start=1)
    ]
    lakehouse = open_lakehouse(tmp_path)
    lakehouse.ensure_database(database_resource())
    lakehouse.ensure_table(table_resource(fields, [], TABLE))
    names = [field["Name"] for field in fields]
    values = [1, 2**40, "1.50", "2026-11-20", "2026-11-20T10:00:00Z", True, "aGFsbG8="]
    row = dict(zip(names, values, strict=True))
    others: list[dict[str, object]] = [
        {**row, "c1": 2},
        {**row, "c3": "1.51"},
        {**row, "c6": False},
        {**row, "c7": None},
    ]
    write(lakehouse, [("insert", item) for item in [row, row, *others]], keys=names)
    write(lakehouse, [("delete", row)], keys=names)
    assert lakehouse.facts(DATABASE, TABLE).rows == len(others)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ((), "update and delete need unique keys"),
        (("nobody",), "the unique key 'nobody' is none of its columns"),
    ],
)
def test_wrong_unique_keys_are_named(lakehouse: Lakehouse, keys: tuple[str, ...], message: str) -> None:
    with pytest.raises(LocalRuntimeError, match=message):
        write(lakehouse, [("update", event())], keys=keys)


def test_tables_own_keys_are_its_identifier_fields(tmp_path: Path) -> None:
    lakehouse = open_lakehouse(tmp_path)
    lakehouse.ensure_database(database_resource())
    resource = table_resource([{**field, "Required": field["Id"] == 1} for field in WEB_LOG_FIELDS])
    iceberg = resource.properties["OpenTableFormatInput"]["IcebergInput"]["IcebergTableInput"]
    iceberg["Schema"]["IdentifierFieldIds"] = [1]
    lakehouse.ensure_table(resource)
    assert lakehouse.unique_keys(DATABASE, TABLE) == ("user_id",)


def test_column_added_after_the_conversion_keeps_its_values_in_rewritten_files(lakehouse: Lakehouse) -> None:
    stale, _ = lakehouse.convert(DATABASE, TABLE, documents([event(user_id="a", uri="/new")]))
    with lakehouse.table(DATABASE, TABLE).update_schema() as update:
        update.add_column("country", StringType())
        update.delete_column("referrer")
    store(lakehouse, [event(user_id="a", country="de"), event(user_id="b", country="fr")])
    lakehouse.write_changes(DATABASE, TABLE, stale, ["update"], ["user_id"], {})
    assert rows(lakehouse, "user_id", "uri", "country") == [("a", "/new", None), ("b", "/", "fr")]


def test_rows_converted_before_a_column_was_added_are_appended_without_it(lakehouse: Lakehouse) -> None:
    stale, _ = lakehouse.convert(DATABASE, TABLE, documents([event(user_id="a")]))
    with lakehouse.table(DATABASE, TABLE).update_schema() as update:
        update.add_column("country", StringType())
        update.delete_column("referrer")
    lakehouse.append(DATABASE, TABLE, stale, {})
    assert rows(lakehouse, "user_id", "country") == [("a", None)]


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["insert", "update", "delete"]),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["view", "cart"]),
        st.sampled_from(["2026-11-20T10:00:00Z", "2026-11-20T23:00:00Z", "2026-11-19T10:00:00Z"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=15, deadline=None, database=None)
@given(batches=st.lists(CHANGES, min_size=1, max_size=4))
def test_batches_end_as_a_row_by_row_model_says(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[str, str, str, str]]]
) -> None:
    lakehouse = web_log_lakehouse(tmp_path_factory.mktemp("state"))
    model: list[tuple[str, str, str, str]] = []
    number = 0
    for batch in batches:
        changes: list[Change] = []
        for operation, user, kind, timestamp in batch:
            number += 1
            if operation != "insert":
                model = [
                    row for row in model if (row[0], row[1], row[2][:10]) != (user, kind, timestamp[:10])
                ]
            if operation != "delete":
                model.append((user, kind, timestamp, str(number)))
            changes.append((operation, event(user_id=user, event=kind, timestamp=timestamp, uri=str(number))))
        write(lakehouse, changes)
    stored = [
        (user, kind, moment.strftime("%Y-%m-%dT%H:%M:%SZ"), uri)
        for user, kind, moment, uri in rows(lakehouse, "user_id", "event", "timestamp", "uri")
    ]
    assert stored == sorted(model)
    lakehouse.close()
