"""External tables -> what DuckDB reads: Parquet by itself, JSON lines by way of Arrow.

https://docs.aws.amazon.com/athena/latest/ug/creating-tables.html
"""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from local_runtime.athena.hive_types import HiveType, hive_type
from local_runtime.athena.json_rows import MEANINGFUL, JsonRows, read_json_file
from local_runtime.athena.partitions import PartitionFile, injected_keys, partition_files
from local_runtime.athena.pruning import Need
from local_runtime.athena.quoting import quoted
from local_runtime.athena.result import QueryError
from local_runtime.athena.sources import PATH, ROW_POSITION, ArrowSource
from local_runtime.lakehouse.external_tables import JSON, ExternalTable
from local_runtime.lakehouse.lakehouse import Lakehouse

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
CACHED_BYTES = 512 * 1024 * 1024
NO_COLUMN = "$none"

Columns = Sequence[tuple[str, HiveType]]
Kept = Callable[[str, Mapping[str, pa.Table]], set[int] | None]
"""Runs DuckDB's SQL over Arrow tables; the numbers that it finds, None where it fails."""


@dataclass(frozen=True)
class ExternalSource:
    """The files of a table that says its columns itself."""

    table: ExternalTable
    stored: Columns
    keys: Columns
    files: Sequence[PartitionFile]
    parsed: ParsedFiles = field(compare=False)
    read: frozenset[str] | None = None
    """The columns that a query reads; None: all."""

    @property
    def columns(self) -> Mapping[str, str]:
        return {name: kind.trino for name, kind in [*self.stored, *self.keys]}

    @property
    def partition_keys(self) -> Collection[str]:
        return [name for name, _ in self.keys]

    @property
    def scanned_bytes(self) -> int:
        return sum(item.file.size for item in self.files)

    def narrowed(self, need: Need, kept: Kept) -> ExternalSource:
        """The columns and files that a query needs.

        Raises:
            QueryError: partitions of injected values, and the query does not give the values.
        """
        for name in injected_keys(self.table):
            if any(name not in item.fixed for item in need.occurrences):
                raise QueryError(
                    "CONSTRAINT_VIOLATION",
                    f"For the injected projected partition column {name}, the WHERE clause must contain only "
                    "static equality conditions, and at least one such condition must be present.",
                )
        return replace(self, files=self._left(need, kept), read=need.columns)

    def _left(self, need: Need, kept: Kept) -> Sequence[PartitionFile]:
        """The files of which no occurrence's conditions say that they have no row for it."""
        numbers: set[int] = set()
        for item in need.occurrences:
            if not item.conditions:
                return self.files
            found = kept(
                f"SELECT number FROM (SELECT number, {', '.join(self._key_columns())} FROM files) "  # noqa: S608
                f"AS {quoted(item.alias)} WHERE {' AND '.join(f'({text})' for text in item.conditions)}",
                {"files": self._file_table},
            )
            if found is None:
                return self.files
            numbers |= found
        return [item for number, item in enumerate(self.files) if number in numbers]

    def relation(self, parameter: str, hidden: bool) -> str:
        stored = self._read_columns
        own = [f"CAST(stored.{quoted(name)} AS {kind.duckdb}) AS {quoted(name)}" for name, kind in stored]
        extra = [f'files.uri AS "{PATH}"', f'NULL::BIGINT AS "{ROW_POSITION}"'] if hidden else []
        shown = [*own, *self._key_columns("files."), *extra] or [f'NULL AS "{NO_COLUMN}"']
        if self.table.format == JSON:
            rows, on = f'"{parameter}"', f"stored.{quoted(self._file_number)} = files.number"
        elif self.files:
            rows, on = self._parquet(parameter), "stored.filename = files.path"
        else:
            rows, on = f"(SELECT {self._nulls(stored)} WHERE false)", "false"
        return (
            f"(SELECT {', '.join(shown)} FROM {rows} AS stored "  # noqa: S608
            f'JOIN "{parameter}_files" AS files ON {on})'
        )

    def _key_columns(self, prefix: str = "") -> list[str]:
        return [
            f"CAST({prefix}{quoted(name)} AS {kind.duckdb}) AS {quoted(name)}" for name, kind in self.keys
        ]

    @property
    def _read_columns(self) -> Columns:
        return [item for item in self.stored if self.read is None or item[0] in self.read]

    @property
    def _file_number(self) -> str:
        """A name that no column has: a crawler takes columns' names from what clients send."""
        return "$file" + "_" * max((len(name) for name, _ in self.stored), default=0)

    def _nulls(self, columns: Columns) -> str:
        nulls = [f"NULL::{kind.duckdb} AS {quoted(name)}" for name, kind in columns]
        return ", ".join(nulls) or f'NULL AS "{NO_COLUMN}"'

    def _parquet(self, parameter: str) -> str:
        """Columns by name; one that a file does not have is NULL."""
        read = f"read_parquet(${parameter}, union_by_name = true, filename = true, hive_partitioning = false)"
        declared = self._nulls(self._read_columns)
        return f"(SELECT {declared} WHERE false UNION ALL BY NAME SELECT * FROM {read})"  # noqa: S608

    def values(self, parameter: str) -> Mapping[str, Any]:
        if self.table.format == JSON or not self.files:
            return {}
        return {parameter: [str(item.file.path) for item in self.files]}

    def tables(self, parameter: str, hidden: bool) -> Mapping[str, pa.Table]:
        tables = {f"{parameter}_files": self._file_table}
        return tables if self.table.format != JSON else {**tables, parameter: self._json_rows()}

    def _json_rows(self) -> pa.Table:
        """The rows of all files, with the file's number."""
        names = [name for name, _ in self._read_columns]
        number = self._file_number
        fields = [pa.field(name, kind.arrow) for name, kind in self._read_columns]
        parts = [pa.schema([*fields, pa.field(number, pa.int64())]).empty_table()]
        for position, item in enumerate(self.files):
            rows = self.parsed.rows(self.table, item, self.stored)
            parts.append(rows.table(names, (number, position)))
        return pa.concat_tables(parts)

    @cached_property
    def _file_table(self) -> pa.Table:
        values = {
            name: pa.array(
                [None if item.values[index] == NULL_PARTITION else item.values[index] for item in self.files],
                pa.string(),
            )
            for index, (name, _) in enumerate(self.keys)
        }
        return pa.table(
            {
                "number": pa.array(range(len(self.files)), pa.int64()),
                "path": pa.array([str(item.file.path) for item in self.files], pa.string()),
                "uri": pa.array([item.file.uri for item in self.files], pa.string()),
                **values,
            }
        )


def external_source(
    table: ExternalTable, lakehouse: Lakehouse, metadata: str, parsed: ParsedFiles
) -> ExternalSource | ArrowSource | None:
    """The rows of an external table, or of its `$partitions`."""
    keys = [(key.name, hive_type(key.type)) for key in table.partition_keys]
    files = list(partition_files(table, lakehouse))
    if metadata:
        return _partitions(keys, files) if metadata == "partitions" and keys else None
    table.format  # noqa: B018
    stored = [(column.name, hive_type(column.type)) for column in table.columns]
    return ExternalSource(table, stored, keys, files, parsed)


def _partitions(keys: Columns, files: Sequence[PartitionFile]) -> ArrowSource:
    values = sorted({item.values for item in files})
    arrays = {name: pa.array([value[index] for value in values]) for index, (name, _) in enumerate(keys)}
    return ArrowSource({name: "varchar" for name, _ in keys}, pa.table(arrays))


@contextmanager
def _collector_resting() -> Iterator[None]:
    """JSON holds no cycles; looking for some takes as long as reading it. For one thread at a time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class ParsedFiles:
    """JSON objects that were read before, until their rows are large; each is read once at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._known: OrderedDict[object, JsonRows] = OrderedDict()
        self._bytes = 0

    def rows(self, table: ExternalTable, item: PartitionFile, stored: Columns) -> JsonRows:
        options = {**table.parameters, **table.serde_parameters}
        meaning = {key: text for key, text in options.items() if key.startswith(MEANINGFUL)}
        version = (str(item.file.path), item.file.path.stat().st_mtime_ns, item.file.size)
        key = (version, tuple(stored), tuple(sorted(meaning.items())))
        known = self._get(key)
        if known is None:
            with self._reading:  # a page's queries come at once and ask for the same
                known = self._get(key)
                if known is None:
                    with _collector_resting():
                        known = read_json_file(item.file.path, item.file.uri, stored, meaning)
                    self._put(key, known)
        return known

    def _get(self, key: object) -> JsonRows | None:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    def _put(self, key: object, rows: JsonRows) -> None:
        with self._lock:
            self._known[key] = rows
            self._bytes += rows.nbytes
            while self._bytes > CACHED_BYTES and len(self._known) > 1:
                self._bytes -= self._known.popitem(last=False)[1].nbytes
