"""The Iceberg destination: rows to the tables they name, in one commit a table and batch.

https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-destination.html
https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-format-input-record-different.html
"""

from __future__ import annotations

import base64
import json
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import orjson

from local_runtime.errors import TableNotFoundError
from local_runtime.firehose.config import TableRoute
from local_runtime.firehose.destination import PERMANENT_ERRORS, TargetError
from local_runtime.firehose.ledger import Batch
from local_runtime.firehose.memory import release_arrow_memory
from local_runtime.firehose.records import ICEBERG_FAILED, Failure, Positions, Row, SourceRecord

if TYPE_CHECKING:
    import pyarrow as pa

POSITIONS_PROPERTY = "firehose.{delivery_stream}.positions"
"""Snapshot summary: shard id -> last sequence number, written in the same commit as the rows."""
INSERT = "insert"
OPERATIONS = (INSERT, "update", "delete")

TableName = tuple[str, str]


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
        """Raises TableNotFoundError when there is no such table."""
        ...

    def unique_keys(self, database: str, table: str) -> Sequence[str]: ...

    def append(self, database: str, table: str, records: pa.Table, summary: Mapping[str, str]) -> object: ...

    def write_changes(
        self,
        database: str,
        table: str,
        records: pa.Table,
        operations: Sequence[str],
        unique_keys: Sequence[str],
        summary: Mapping[str, str],
    ) -> object: ...

    def snapshot_property(self, database: str, table: str, key: str) -> str | None: ...


@dataclass(frozen=True)
class Changes:
    """Rows of one table in their order, each with its operation."""

    rows: pa.Table
    operations: Sequence[str]
    arrivals: Sequence[float]

    @property
    def are_inserts(self) -> bool:
        return all(operation == INSERT for operation in self.operations)


@dataclass(frozen=True)
class IcebergRows:
    """Rows by table, and what could not be converted."""

    tables: Mapping[TableName, Changes]
    failures: tuple[Failure, ...] = ()

    @property
    def record_count(self) -> int:
        return sum(changes.rows.num_rows for changes in self.tables.values())

    @property
    def targets(self) -> list[str]:
        return [f"{database}/{table}" for database, table in self.tables]


class IcebergDestination:
    """Converts, refuses and commits the rows of one delivery stream."""

    def __init__(self, tables: Tables, delivery_stream: str, routes: Sequence[TableRoute]) -> None:
        self._tables = tables
        self._property = POSITIONS_PROPERTY.format(delivery_stream=delivery_stream)
        self._configured_keys = {
            (route.database, route.table): route.unique_keys for route in routes if route.unique_keys
        }

    def prepare(self, rows: Sequence[Row]) -> IcebergRows:
        """Sort rows by table and convert them; a row that does not fit its table becomes a failure."""
        groups: dict[TableName, list[Row]] = defaultdict(list)
        for row in rows:
            groups[row.database, row.table].append(row)
        tables: dict[TableName, Changes] = {}
        failures: list[Failure] = []
        for name, members in groups.items():
            changes, refused = self._convert(name, members)
            failures += refused
            if changes is not None:
                tables[name] = changes
        return IcebergRows(tables, tuple(failures))

    def _convert(self, name: TableName, rows: Sequence[Row]) -> tuple[Changes | None, list[Failure]]:
        if not all(name):
            return None, [
                _failure(row, "Iceberg.InvalidTableName", "the record names no table") for row in rows
            ]
        try:
            fitting, refused = self._check_operations(name, rows)
            arrow, rejections = self._tables.convert(*name, [row.document for row in fitting])
        except TableNotFoundError:
            message = f"the table {'.'.join(name)} does not exist"
            return None, [_failure(row, "Iceberg.NoSuchTable", message) for row in rows]
        refused += [_failure(fitting[item.index], item.error_code, item.message) for item in rejections]
        gone = {item.index for item in rejections}
        kept = [row for index, row in enumerate(fitting) if index not in gone]
        operations, arrivals = [row.operation for row in kept], [row.source.arrival for row in kept]
        return (Changes(arrow, operations, arrivals) if kept else None), refused

    def _check_operations(self, name: TableName, rows: Sequence[Row]) -> tuple[list[Row], list[Failure]]:
        if all(row.operation == INSERT for row in rows):
            return list(rows), []
        allowed = OPERATIONS if self._unique_keys(name) else (INSERT,)
        fitting = [row for row in rows if row.operation in allowed]
        # AWS does not document the code of this error.
        refused = [
            _failure(row, "Iceberg.InvalidOperation", _operation_message(row, name, allowed))
            for row in rows
            if row.operation not in allowed
        ]
        return fitting, refused

    def _unique_keys(self, name: TableName) -> Sequence[str]:
        configured = self._configured_keys.get(name)
        return self._tables.unique_keys(*name) if configured is None else configured

    def seal(self, batch_id: uuid.UUID, parts: Sequence[IcebergRows]) -> IcebergRows:
        """One set of rows a table, in the order of the parts."""
        import pyarrow as pa

        groups: dict[TableName, list[Changes]] = defaultdict(list)
        for part in parts:
            for name, changes in part.tables.items():
                groups[name].append(changes)
        return IcebergRows(
            {
                name: Changes(
                    # A column may have been added to the table between two parts.
                    pa.concat_tables([changes.rows for changes in members], promote_options="default"),
                    [operation for changes in members for operation in changes.operations],
                    [arrival for changes in members for arrival in changes.arrivals],
                )
                for name, members in groups.items()
            }
        )

    def commit(self, batch: Batch, sealed: IcebergRows) -> None:
        """Write to each table that does not have this batch yet.

        Raises:
            TargetError: a table does not take its rows: it was dropped or changed since they were converted.
        """
        for name, changes in sealed.tables.items():
            try:
                self._write(batch, name, changes)
            except PERMANENT_ERRORS as error:
                others = {other: item for other, item in sealed.tables.items() if other != name}
                failures = _failures(name, changes, error)
                target = "/".join(name)
                raise TargetError(target, failures[0].message, IcebergRows(others), failures) from error

    def _write(self, batch: Batch, name: TableName, changes: Changes) -> None:
        positions = self._positions(name)
        if _covers(positions, batch.upto):
            return
        summary = {self._property: json.dumps({**positions, **batch.upto})}
        if changes.are_inserts:
            self._tables.append(*name, changes.rows, summary)
        else:
            keys = self._unique_keys(name)
            self._tables.write_changes(*name, changes.rows, changes.operations, keys, summary)

    def has(self, batch: Batch, target: str) -> bool:
        database, _, table = target.partition("/")
        try:
            return _covers(self._positions((database, table)), batch.upto)
        except TableNotFoundError:
            return False

    def _positions(self, name: TableName) -> dict[str, str]:
        text = self._tables.snapshot_property(*name, self._property)
        return {} if text is None else dict(json.loads(text))

    def dump(self, sealed: IcebergRows) -> bytes:
        """A line of JSON that tells what follows, then each table's rows in Arrow's own form."""
        import pyarrow as pa

        parts, header = [], []
        for (database, table), changes in sealed.tables.items():
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, changes.rows.schema) as writer:
                writer.write_table(changes.rows)
            parts.append(sink.getvalue().to_pybytes())
            header.append([database, table, len(parts[-1]), changes.operations, changes.arrivals])
        return json.dumps(header).encode() + b"\n" + b"".join(parts)

    def load(self, data: bytes) -> IcebergRows:
        import pyarrow as pa

        start = data.index(b"\n") + 1
        tables = {}
        for database, table, size, operations, arrivals in json.loads(data[:start]):
            rows = pa.ipc.open_stream(data[start : start + size]).read_all()
            tables[database, table] = Changes(rows, operations, arrivals)
            start += size
        return IcebergRows(tables)

    def release(self) -> None:
        release_arrow_memory()


def _covers(positions: Positions, upto: Positions) -> bool:
    return all(positions.get(shard, "") >= last for shard, last in upto.items())


def _operation_message(row: Row, name: TableName, allowed: Sequence[str]) -> str:
    reason = "" if len(allowed) > 1 else ", which has no unique keys"
    return (
        f"operation must be {', '.join(allowed)} on the table {'.'.join(name)}{reason} "
        f"(got {row.operation!r})"
    )


def _failures(name: TableName, changes: Changes, error: Exception) -> list[Failure]:
    """Rows that their table did not take, as the documents that would make them anew."""
    code, message = "Iceberg.SchemaTypeMismatch", str(error)
    if isinstance(error, TableNotFoundError):
        code, message = "Iceberg.NoSuchTable", f"the table {'.'.join(name)} does not exist"
    failures = []
    for values, arrival in zip(changes.rows.to_pylist(), changes.arrivals, strict=True):
        document = orjson.dumps(values, default=_json_value, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)
        source = SourceRecord("", "", "", document, arrival)  # a row does not know its place in the stream
        failures.append(Failure(source, ICEBERG_FAILED, code, message, document))
    return failures


def _json_value(value: object) -> str:
    """What JSON has no form for, as `convert` reads it: base64 for bytes, digits for decimals."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _failure(row: Row, code: str, message: str) -> Failure:
    return Failure(
        source=row.source, error_output_type=ICEBERG_FAILED, code=code, message=message, raw=row.document
    )
