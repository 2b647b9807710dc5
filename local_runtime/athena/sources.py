"""A table of a query -> what DuckDB reads: the current Parquet files, or Arrow where they are not enough.

https://duckdb.org/docs/stable/data/parquet/overview
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa
from pyiceberg.manifest import FileFormat, ManifestContent, ManifestFile
from pyiceberg.schema import Schema
from pyiceberg.table import Table

from local_runtime.athena.types import duckdb_type, trino_type
from local_runtime.lakehouse.object_store import ObjectStore


@dataclass(frozen=True)
class Source:
    """The rows of one table: in Parquet files, or in memory when `arrow` is set."""

    columns: Mapping[str, str]
    """Name, in lower case -> Trino type."""
    arrow: pa.Table | None = None
    files: tuple[str, ...] = ()
    file_schema: str = ""
    scanned_bytes: int = 0

    def relation(self, parameter: str) -> str:
        """What stands in a FROM clause; `parameter` names the registered Arrow table or the list of files."""
        if self.arrow is not None:
            return f'"{parameter}"'
        return f"read_parquet(${parameter}, schema = {self.file_schema}, hive_partitioning = false)"


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

    def data_files(self, table: Table) -> list[StoredFile] | None:
        """The files of the current snapshot, or None when rows were deleted from them by delete files."""
        snapshot = table.current_snapshot()
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


def table_source(table: Table, objects: ObjectStore, index: FileIndex) -> Source:
    """The rows of an Iceberg table as of its current snapshot."""
    schema = table.schema()
    columns = {column.name.lower(): trino_type(column.field_type) for column in schema.fields}
    files = index.data_files(table)
    if not files or any(file.format != FileFormat.PARQUET for file in files):
        return Source(columns, arrow=table.scan().to_arrow(), scanned_bytes=_total_size(table))
    return Source(
        columns,
        files=tuple(str(objects.path_of_uri(file.uri)) for file in files),
        file_schema=_file_schema(schema),
        scanned_bytes=sum(file.size for file in files),
    )


def _total_size(table: Table) -> int:
    snapshot = table.current_snapshot()
    if snapshot is None or snapshot.summary is None:
        return 0
    return int(snapshot.summary.additional_properties.get("total-files-size", "0"))


def _file_schema(schema: Schema) -> str:
    """Columns by field id, as Iceberg has it: an added one is NULL in older files, a renamed one is found."""
    entries = (
        f"{column.field_id}: {{name: {_literal(column.name)}, "
        f"type: {_literal(duckdb_type(column.field_type))}, default_value: NULL}}"
        for column in schema.fields
    )
    return f"MAP {{{', '.join(entries)}}}"


def _literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
