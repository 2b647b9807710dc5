"""External tables -> what DuckDB reads: Parquet by itself, JSON lines by way of Arrow.

https://docs.aws.amazon.com/athena/latest/ug/creating-tables.html
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa

from local_runtime.athena.hive_types import HiveType, hive_type
from local_runtime.athena.json_rows import read_json_file
from local_runtime.athena.partitions import PartitionFile, partition_files
from local_runtime.athena.quoting import quoted
from local_runtime.athena.sources import PATH, ROW_POSITION, ArrowSource
from local_runtime.lakehouse.external_tables import JSON, ExternalTable
from local_runtime.lakehouse.lakehouse import Lakehouse

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
CACHED_ROWS = 1_000_000


@dataclass(frozen=True)
class ExternalSource:
    """The files of a table that says its columns itself."""

    stored: Sequence[tuple[str, HiveType]]
    keys: Sequence[tuple[str, HiveType]]
    files: Sequence[PartitionFile]
    json_rows: pa.Table | None = field(default=None, compare=False)
    """All rows with the file's number in a column of its own, when the files are JSON."""

    @property
    def columns(self) -> Mapping[str, str]:
        return {name: kind.trino for name, kind in [*self.stored, *self.keys]}

    @property
    def scanned_bytes(self) -> int:
        return sum(item.file.size for item in self.files)

    def relation(self, parameter: str, hidden: bool) -> str:
        own = [
            f"CAST(stored.{quoted(name)} AS {kind.duckdb}) AS {quoted(name)}" for name, kind in self.stored
        ]
        keys = [f"CAST(files.{quoted(name)} AS {kind.duckdb}) AS {quoted(name)}" for name, kind in self.keys]
        extra = [f'files.uri AS "{PATH}"', f'NULL::BIGINT AS "{ROW_POSITION}"'] if hidden else []
        if self.json_rows is not None:
            stored, on = f'"{parameter}"', f"stored.{quoted(_file_number(self.stored))} = files.number"
        else:
            stored, on = self._parquet(parameter), "stored.filename = files.path"
        return (
            f"(SELECT {', '.join([*own, *keys, *extra])} FROM {stored} AS stored "  # noqa: S608
            f'JOIN "{parameter}_files" AS files ON {on})'
        )

    def _parquet(self, parameter: str) -> str:
        """Columns by name; one that a file does not have is NULL."""
        declared = ", ".join(f"NULL::{kind.duckdb} AS {quoted(name)}" for name, kind in self.stored)
        read = f"read_parquet(${parameter}, union_by_name = true, filename = true, hive_partitioning = false)"
        return f"(SELECT {declared} WHERE false UNION ALL BY NAME SELECT * FROM {read})"  # noqa: S608

    def values(self, parameter: str) -> Mapping[str, Any]:
        if self.json_rows is not None:
            return {}
        return {parameter: [str(item.file.path) for item in self.files]}

    def tables(self, parameter: str, hidden: bool) -> Mapping[str, pa.Table]:
        tables = {f"{parameter}_files": self._file_table}
        return tables if self.json_rows is None else {**tables, parameter: self.json_rows}

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
    stored = [(column.name, hive_type(column.type)) for column in table.columns]
    if table.format == JSON:
        return ExternalSource(stored, keys, files, _json_rows(table, stored, files, parsed))
    if not files:
        empty = pa.table({name: pa.array([], kind.arrow) for name, kind in [*stored, *keys]})
        return ArrowSource({name: kind.trino for name, kind in [*stored, *keys]}, empty)
    return ExternalSource(stored, keys, files)


def _partitions(keys: Sequence[tuple[str, HiveType]], files: Sequence[PartitionFile]) -> ArrowSource:
    values = sorted({item.values for item in files})
    arrays = {name: pa.array([value[index] for value in values]) for index, (name, _) in enumerate(keys)}
    return ArrowSource({name: "varchar" for name, _ in keys}, pa.table(arrays))


def _file_number(stored: Sequence[tuple[str, HiveType]]) -> str:
    """A name that no column has: a crawler takes columns' names from what clients send."""
    return "$file" + "_" * max((len(name) for name, _ in stored), default=0)


class ParsedFiles:
    """JSON files that were read before, until their rows are many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: OrderedDict[object, pa.Table] = OrderedDict()
        self._rows = 0

    def get(self, key: object) -> pa.Table | None:
        with self._lock:
            if key in self._tables:
                self._tables.move_to_end(key)
            return self._tables.get(key)

    def put(self, key: object, table: pa.Table) -> None:
        with self._lock:
            self._tables[key] = table
            self._rows += table.num_rows
            while self._rows > CACHED_ROWS and len(self._tables) > 1:
                self._rows -= self._tables.popitem(last=False)[1].num_rows


def _json_rows(
    table: ExternalTable,
    stored: Sequence[tuple[str, HiveType]],
    files: Sequence[PartitionFile],
    parsed: ParsedFiles,
) -> pa.Table:
    options = {**table.parameters, **table.serde_parameters}
    file_number = _file_number(stored)
    empty = pa.table({name: pa.array([], kind.arrow) for name, kind in stored})
    parts = [empty.append_column(file_number, pa.array([], pa.int64()))]
    for number, item in enumerate(files):
        version = (str(item.file.path), item.file.path.stat().st_mtime_ns, item.file.size, tuple(stored))
        key = (*version, tuple(sorted(options.items())))
        rows = parsed.get(key)
        if rows is None:
            rows = read_json_file(item.file.path, item.file.uri, stored, options)
            parsed.put(key, rows)
        parts.append(rows.append_column(file_number, pa.array([number] * rows.num_rows, pa.int64())))
    return pa.concat_tables(parts)
