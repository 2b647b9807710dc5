"""The Iceberg destination: rows to the tables they name, in one commit a table and batch.

https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-destination.html
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from local_runtime.firehose.ledger import Batch
from local_runtime.firehose.records import Failure, Row
from local_runtime.firehose.transform import ICEBERG_FAILED

if TYPE_CHECKING:
    import pyarrow as pa

POSITIONS_PROPERTY = "firehose.{delivery_stream}.positions"
"""Snapshot summary: shard id -> last sequence number, written in the same commit as the rows."""


class Rejection(Protocol):
    @property
    def index(self) -> int: ...
    @property
    def error_code(self) -> str: ...
    @property
    def message(self) -> str: ...


class Tables(Protocol):
    """The lakehouse as this destination uses it."""

    def convert(
        self, database: str, table: str, documents: Sequence[bytes]
    ) -> tuple[pa.Table, Sequence[Rejection]]:
        """Raises LookupError when there is no such table."""
        ...

    def append(self, database: str, table: str, records: pa.Table, summary: Mapping[str, str]) -> object: ...

    def snapshot_property(self, database: str, table: str, key: str) -> str | None: ...


@dataclass(frozen=True)
class Prepared:
    """A batch as it will be committed: Arrow rows per table, and what could not be converted."""

    tables: Mapping[tuple[str, str], pa.Table]
    failures: tuple[Failure, ...]

    @property
    def row_count(self) -> int:
        return sum(table.num_rows for table in self.tables.values())


class IcebergDestination:
    """Converts, refuses and commits the rows of one delivery stream."""

    def __init__(self, tables: Tables, delivery_stream: str) -> None:
        self._tables = tables
        self._property = POSITIONS_PROPERTY.format(delivery_stream=delivery_stream)

    def prepare(self, rows: Sequence[Row]) -> Prepared:
        """Sort rows by table and convert them; a row that does not fit its table becomes a failure."""
        groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
        failures: list[Failure] = []
        for row in rows:
            if row.operation != "insert":
                # AWS does not document the code of this error.
                failures.append(_failure(row, "Iceberg.InvalidOperation", _operation_message(row)))
            elif not row.table or not row.database:
                failures.append(_failure(row, "Iceberg.InvalidTableName", "the record names no table"))
            else:
                groups[row.database, row.table].append(row)
        converted: dict[tuple[str, str], pa.Table] = {}
        for (database, table), members in groups.items():
            try:
                arrow, rejections = self._tables.convert(database, table, [row.document for row in members])
            except LookupError:
                message = f"the table {database}.{table} does not exist"
                failures += [_failure(row, "Iceberg.NoSuchTable", message) for row in members]
                continue
            failures += [_failure(members[item.index], item.error_code, item.message) for item in rejections]
            if arrow.num_rows:
                converted[database, table] = arrow
        return Prepared(converted, tuple(failures))

    def commit(self, batch: Batch, prepared: Prepared) -> None:
        """Append to each table that does not have this batch yet."""
        for (database, table), rows in prepared.tables.items():
            text = self._tables.snapshot_property(database, table, self._property)
            positions = {} if text is None else json.loads(text)
            if any(positions.get(shard, "") < last for shard, last in batch.upto.items()):
                merged = json.dumps({**positions, **batch.upto})
                self._tables.append(database, table, rows, {self._property: merged})


def _operation_message(row: Row) -> str:
    return f"operation must be insert on a table without unique keys (got {row.operation!r})"


def _failure(row: Row, code: str, message: str) -> Failure:
    return Failure(
        source=row.source, error_output_type=ICEBERG_FAILED, code=code, message=message, raw=row.document
    )
