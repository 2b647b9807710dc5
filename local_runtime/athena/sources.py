"""A table of a query -> what DuckDB reads: the current Parquet files, or Arrow where they are not enough.

https://duckdb.org/docs/stable/data/parquet/overview
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.manifest import FileFormat
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


def table_source(table: Table, objects: ObjectStore) -> Source:
    """The rows of an Iceberg table as of its current snapshot."""
    schema = table.schema()
    columns = {column.name.lower(): trino_type(column.field_type) for column in schema.fields}
    scan = table.scan()
    tasks = list(scan.plan_files())
    scanned = sum(task.file.file_size_in_bytes for task in tasks)
    plain = all(not task.delete_files and task.file.file_format == FileFormat.PARQUET for task in tasks)
    if not tasks or not plain:
        return Source(columns, arrow=scan.to_arrow(), scanned_bytes=scanned)
    return Source(
        columns,
        files=tuple(str(objects.path_of_uri(task.file.file_path)) for task in tasks),
        file_schema=_file_schema(schema),
        scanned_bytes=scanned,
    )


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
