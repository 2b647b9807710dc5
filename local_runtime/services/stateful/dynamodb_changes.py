"""Which items a call to moto's DynamoDB changed. It imports moto: import it when moto has started."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import StreamShard, Table

from local_runtime.services.stateful.store import Items


class ItemChanges(StreamShard):
    """In the place of a table's stream, which hears of every change; what it hears goes on to a real stream.

    A transaction that fails puts a copy of the table in its place, this with it, as they were before.
    """

    def __init__(self, account_id: str, table: Table) -> None:
        super().__init__(account_id, table)
        self.changed: set[tuple[DynamoType, DynamoType | None]] = set()

    def add(self, old: Item | None, new: Item | None) -> None:
        item = old if new is None else new
        assert item is not None  # moto tells of an item that was there, or is
        self.changed.add((item.hash_key, item.range_key))
        stream = self.table.stream_specification
        if stream is not None and stream.get("StreamEnabled"):
            super().add(old, new)


def watch(table: Table) -> None:
    """Hear of the table's changes from now on."""
    if not isinstance(table.stream_shard, ItemChanges):
        table.stream_shard = ItemChanges(table.account_id, table)


def write_changes(table: Table, write: Callable[[str, Items], None]) -> None:
    """Hand what changed since the last time to `write`; what could not be written is there the next time."""
    changes = table.stream_shard
    assert isinstance(changes, ItemChanges)
    if changes.changed:
        write(table.name, list(_items(table, changes.changed)))
        changes.changed.clear()


def _items(
    table: Table, keys: Iterable[tuple[DynamoType, DynamoType | None]]
) -> Iterator[tuple[str, dict[str, Any] | None]]:
    for hash_key, range_key in keys:
        item = table.get_item(hash_key, range_key)
        key = orjson.dumps([hash_key.to_json(), None if range_key is None else range_key.to_json()])
        yield key.decode(), None if item is None else item.to_json()["Attributes"]
