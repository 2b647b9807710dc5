"""The Iceberg destination on real tables: routing, operations, and a kill between two tables' commits."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.types import StringType

from local_runtime.firehose.config import TableRoute
from local_runtime.firehose.destination import TargetError
from local_runtime.firehose.iceberg import IcebergDestination, IcebergRows
from local_runtime.firehose.ledger import Batch
from local_runtime.firehose.records import Row, SourceRecord
from local_runtime.lakehouse.lakehouse import Lakehouse
from tests.unit.local_runtime.lakehouse.tables import (
    DATABASE,
    TABLE,
    database_resource,
    event,
    open_lakehouse,
    table_resource,
)

OTHER = "other_table"


@pytest.fixture
def lakehouse(tmp_path: Path) -> Lakehouse:
    lakehouse = open_lakehouse(tmp_path)
    lakehouse.ensure_database(database_resource())
    for name in (TABLE, OTHER):
        lakehouse.ensure_table(table_resource(name=name))
    return lakehouse


def destination(lakehouse: Lakehouse, *unique_keys: str) -> IcebergDestination:
    return IcebergDestination(lakehouse, "web", [TableRoute(DATABASE, TABLE, unique_keys)])


def row(number: int, table: str = TABLE, operation: str = "insert", **fields: object) -> Row:
    document = json.dumps(event(**fields)).encode()
    return Row(
        SourceRecord("shard", f"{number:056d}", "k", document, 0.0), document, DATABASE, table, operation
    )


def batch_of(rows: Sequence[Row], sealed: IcebergRows) -> Batch:
    return Batch(uuid.uuid4(), {}, {"shard": rows[-1].source.sequence_number}, {}, sealed.targets, (), None)


def deliver(target: IcebergDestination, rows: Sequence[Row]) -> tuple[Batch, IcebergRows]:
    part = target.prepare(rows)
    assert part.failures == ()
    sealed = target.seal(uuid.uuid4(), [part])
    batch = batch_of(rows, sealed)
    target.commit(batch, sealed)
    return batch, sealed


def stored(lakehouse: Lakehouse, table: str = TABLE) -> list[tuple[Any, ...]]:
    found = lakehouse.table(DATABASE, table).scan().to_arrow().select(["user_id", "uri"]).to_pylist()
    return sorted(tuple(item.values()) for item in found)


def test_records_go_to_the_tables_they_name(lakehouse: Lakehouse) -> None:
    batch, _ = deliver(destination(lakehouse), [row(1, user_id="a"), row(2, OTHER, user_id="b")])
    assert [stored(lakehouse), stored(lakehouse, OTHER)] == [[("a", "/")], [("b", "/")]]
    assert batch.targets == [f"{DATABASE}/{TABLE}", f"{DATABASE}/{OTHER}"]


def test_batch_committed_again_changes_nothing(lakehouse: Lakehouse) -> None:
    target = destination(lakehouse)
    batch, sealed = deliver(target, [row(1), row(2, OTHER)])
    target.commit(batch, sealed)
    assert (len(stored(lakehouse)), len(stored(lakehouse, OTHER))) == (1, 1)


def test_kill_between_the_commits_of_two_tables_is_finished_from_the_dump(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    target = destination(lakehouse, "user_id")
    rows = [row(1, user_id="a", operation="update"), row(2, OTHER, user_id="b")]
    sealed = target.seal(uuid.uuid4(), [target.prepare(rows)])
    batch, dump = batch_of(rows, sealed), target.dump(sealed)
    append = lakehouse.append

    def die(*arguments: Any) -> int:
        raise Killed

    monkeypatch.setattr(lakehouse, "append", die)
    with pytest.raises(Killed):
        target.commit(batch, sealed)
    monkeypatch.setattr(lakehouse, "append", append)
    assert [target.has(batch, name) for name in batch.targets] == [True, False]

    target.commit(batch, target.load(dump))
    assert [target.has(batch, name) for name in batch.targets] == [True, True]
    assert [stored(lakehouse), stored(lakehouse, OTHER)] == [[("a", "/")], [("b", "/")]]


def test_update_and_delete_follow_their_order_over_parts(lakehouse: Lakehouse) -> None:
    target = destination(lakehouse, "user_id")
    deliver(target, [row(1, user_id="a", uri="/1"), row(2, user_id="b", uri="/1")])
    rows = [
        row(3, operation="update", user_id="a", uri="/2"),
        row(4, operation="delete", user_id="b"),
        row(5, operation="update", user_id="a", uri="/3"),
    ]
    sealed = target.seal(uuid.uuid4(), [target.prepare(rows[:2]), target.prepare(rows[2:])])
    target.commit(batch_of(rows, sealed), sealed)
    assert stored(lakehouse) == [("a", "/3")]


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_update_without_unique_keys_fails(lakehouse: Lakehouse, operation: str) -> None:
    part = destination(lakehouse).prepare([row(1, operation=operation), row(2)])
    (failure,) = part.failures
    assert (failure.error_output_type, failure.code) == ("iceberg-failed", "Iceberg.InvalidOperation")
    assert failure.message == (
        f"operation must be insert on the table {DATABASE}.{TABLE}, which has no unique keys "
        f"(got {operation!r})"
    )
    assert part.record_count == 1


@pytest.mark.parametrize("operation", ["upsert", "UPDATE", "", "None"])
def test_unknown_operation_fails(lakehouse: Lakehouse, operation: str) -> None:
    (failure,) = destination(lakehouse, "user_id").prepare([row(1, operation=operation)]).failures
    assert failure.message.startswith("operation must be insert, update, delete on the table")


def test_unknown_table_and_missing_name_fail(lakehouse: Lakehouse) -> None:
    part = destination(lakehouse).prepare(
        [row(1, "nowhere"), row(2, "nowhere", "update"), row(3, ""), row(4)]
    )
    assert [failure.code for failure in part.failures] == [
        "Iceberg.NoSuchTable",
        "Iceberg.NoSuchTable",
        "Iceberg.InvalidTableName",
    ]
    assert part.record_count == 1


def test_wrong_type_fails_with_the_transformed_record_as_raw_data(lakehouse: Lakehouse) -> None:
    wrong = row(1, ip=7)
    (failure,) = destination(lakehouse).prepare([wrong, row(2)]).failures
    assert (failure.code, failure.raw) == ("Iceberg.SchemaTypeMismatch", wrong.document)


def test_only_inserts_are_appended_even_with_unique_keys(lakehouse: Lakehouse) -> None:
    target = destination(lakehouse, "user_id")
    deliver(target, [row(1, user_id="a")])
    deliver(target, [row(2, user_id="a")])
    assert stored(lakehouse) == [("a", "/"), ("a", "/")]
    snapshot = lakehouse.table(DATABASE, TABLE).current_snapshot()
    assert snapshot is not None and snapshot.summary is not None
    assert snapshot.summary.operation.value == "append"


def test_column_added_while_rows_wait_is_null_in_them(lakehouse: Lakehouse) -> None:
    target = destination(lakehouse, "user_id")
    rows = [row(1, user_id="a"), row(2, OTHER, user_id="b")]
    sealed = target.seal(uuid.uuid4(), [target.prepare(rows)])
    for name in (TABLE, OTHER):
        with lakehouse.table(DATABASE, name).update_schema() as update:
            update.add_column("country", StringType())
            update.delete_column("referrer")
    target.commit(batch_of(rows, sealed), target.load(target.dump(sealed)))
    assert [stored(lakehouse), stored(lakehouse, OTHER)] == [[("a", "/")], [("b", "/")]]


def test_rows_of_a_dropped_table_come_back_as_documents_that_would_make_them(lakehouse: Lakehouse) -> None:
    target = destination(lakehouse)
    sent = event(user_id="b", timestamp="2026-11-20T10:00:00.250000Z")
    rows = [row(1, user_id="a"), row(2, OTHER, user_id="b", timestamp=sent["timestamp"])]
    sealed = target.seal(uuid.uuid4(), [target.prepare(rows)])
    lakehouse.drop_table(DATABASE, OTHER)
    with pytest.raises(TargetError, match=f"^{DATABASE}/{OTHER} does not take its rows: the table") as caught:
        target.commit(batch_of(rows, sealed), sealed)
    (failure,) = caught.value.failures
    assert (failure.code, json.loads(failure.raw)) == ("Iceberg.NoSuchTable", sent)
    assert caught.value.others.targets == [f"{DATABASE}/{TABLE}"]
