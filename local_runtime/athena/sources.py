"""A table of a query -> what DuckDB reads: the current Parquet files, or Arrow where they are not enough.

https://duckdb.org/docs/stable/data/parquet/overview
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
from pyiceberg.manifest import FileFormat, ManifestContent, ManifestFile
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from local_runtime.athena.quoting import literal
from local_runtime.athena.types import duckdb_type, trino_type
from local_runtime.lakehouse.object_store import ObjectStore

PATH, ROW_POSITION = "$path", "$row_position"
HIDDEN_COLUMNS = {PATH: "varchar", ROW_POSITION: "bigint"}
"""Columns that a query may name and `*` does not show; Trino has the first."""


class Source(Protocol):
    """The rows of one table."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Name, in lower case -> Trino type."""

    @property
    def partition_keys(self) -> Collection[str]:
        """Columns that have one value for each file; a query that asks for some values reads fewer files."""

    @property
    def scanned_bytes(self) -> int: ...

    def relation(self, parameter: str, hidden: bool) -> str:
        """What stands in a FROM clause, with the hidden columns if they are wanted."""

    def values(self, parameter: str) -> Mapping[str, Any]:
        """The `$` parameters of that relation."""

    def tables(self, parameter: str, hidden: bool) -> Mapping[str, pa.Table]:
        """The Arrow tables that the relation names."""


@dataclass(frozen=True)
class ArrowSource:
    """Rows in memory."""

    columns: Mapping[str, str]
    rows: pa.Table
    scanned_bytes: int = 0
    partition_keys: Collection[str] = ()

    def relation(self, parameter: str, hidden: bool) -> str:
        if not hidden:
            return f'"{parameter}"'
        return f'(SELECT *, NULL::VARCHAR AS "{PATH}", NULL::BIGINT AS "{ROW_POSITION}" FROM "{parameter}")'  # noqa: S608

    def values(self, parameter: str) -> Mapping[str, Any]:
        return {}

    def tables(self, parameter: str, hidden: bool) -> Mapping[str, pa.Table]:
        return {parameter: self.rows}


class FilePath(NamedTuple):
    uri: str
    path: Path
    size: int


@dataclass(frozen=True)
class ParquetSource:
    """The Parquet files of an Iceberg table."""

    columns: Mapping[str, str]
    files: Sequence[FilePath]
    file_schema: str
    partition_keys: Collection[str] = ()
    scanned_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scanned_bytes", sum(file.size for file in self.files))

    def relation(self, parameter: str, hidden: bool) -> str:
        read = f"read_parquet(${parameter}, schema = {self.file_schema}, hive_partitioning = false)"
        if not hidden:
            return read
        return (
            f'(SELECT stored.*, paths.uri AS "{PATH}", stored.file_row_number AS "{ROW_POSITION}" '  # noqa: S608
            f"FROM (SELECT *, filename, file_row_number FROM {read}) AS stored "
            f'JOIN "{parameter}_paths" AS paths ON stored.filename = paths.path)'
        )

    def values(self, parameter: str) -> Mapping[str, Any]:
        return {parameter: [str(file.path) for file in self.files]}

    def tables(self, parameter: str, hidden: bool) -> Mapping[str, pa.Table]:
        return {f"{parameter}_paths": path_table(self.files)} if hidden else {}


def path_table(files: Sequence[FilePath]) -> pa.Table:
    """Where each object of a relation lies: `path` as DuckDB sees it, `uri` as Athena shows it."""
    return pa.table(
        {
            "path": pa.array([str(file.path) for file in files], pa.string()),
            "uri": pa.array([file.uri for file in files], pa.string()),
        }
    )


class StoredFile(NamedTuple):
    """What is kept of a data file: Iceberg's own object has all its column statistics."""

    uri: str
    size: int
    format: FileFormat


class FileIndex:
    """The data files of one table. Manifests never change, so after a commit only the new ones are read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._manifests: dict[str, tuple[StoredFile, ...]] = {}

    def data_files(self, table: Table, snapshot: Snapshot | None) -> list[StoredFile] | None:
        """The files of a snapshot, or None when rows were deleted from them by delete files."""
        manifests = snapshot.manifests(table.io) if snapshot is not None else []
        if any(manifest.content == ManifestContent.DELETES for manifest in manifests):
            return None
        with self._lock:
            known = self._manifests
            self._manifests = {
                manifest.manifest_path: known[manifest.manifest_path]
                if manifest.manifest_path in known
                else _files_of(manifest, table)
                for manifest in manifests
            }
            return [file for files in self._manifests.values() for file in files]


def _files_of(manifest: ManifestFile, table: Table) -> tuple[StoredFile, ...]:
    entries = (entry.data_file for entry in manifest.fetch_manifest_entry(table.io))
    return tuple(StoredFile(file.file_path, file.file_size_in_bytes, file.file_format) for file in entries)


def table_source(
    table: Table, objects: ObjectStore, index: FileIndex, snapshot: Snapshot | None
) -> ArrowSource | ParquetSource:
    """The rows of an Iceberg table as of a snapshot (None: it has none yet)."""
    schema = _schema(table, snapshot)
    columns = {column.name.lower(): trino_type(column.field_type) for column in schema.fields}
    files = index.data_files(table, snapshot)
    if not files or any(file.format != FileFormat.PARQUET for file in files):
        snapshot_id = None if snapshot is None else snapshot.snapshot_id
        rows = table.scan(snapshot_id=snapshot_id).to_arrow()
        return ArrowSource(columns, rows, scanned_bytes=_total_size(snapshot))
    stored = [FilePath(file.uri, objects.path_of_uri(file.uri), file.size) for file in files]
    return ParquetSource(columns, stored, _file_schema(schema))


def _schema(table: Table, snapshot: Snapshot | None) -> Schema:
    """A snapshot of the past has the columns of its time; the current one has today's."""
    current = table.current_snapshot()
    if snapshot is None or snapshot.schema_id is None or snapshot == current:
        return table.schema()
    return table.schemas()[snapshot.schema_id]


def _total_size(snapshot: Snapshot | None) -> int:
    if snapshot is None or snapshot.summary is None:
        return 0
    return int(snapshot.summary.additional_properties.get("total-files-size", "0"))


def _file_schema(schema: Schema) -> str:
    """Columns by field id, as Iceberg has it: an added one is NULL in older files, a renamed one is found."""
    entries = (
        f"{column.field_id}: {{name: {literal(column.name)}, "
        f"type: {literal(duckdb_type(column.field_type))}, default_value: NULL}}"
        for column in schema.fields
    )
    return f"MAP {{{', '.join(entries)}}}"
