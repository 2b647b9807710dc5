"""Iceberg's metadata tables as Athena names them: `"table$snapshots"`, `$history`, `$files` ...

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-table-metadata.html
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from pyiceberg.table import Table

from local_runtime.athena.sources import ArrowSource

# Trino's column -> (PyIceberg's column, Trino type)
Columns = dict[str, tuple[str, str]]

SNAPSHOTS: Columns = {
    "committed_at": ("committed_at", "timestamp(6) with time zone"),
    "snapshot_id": ("snapshot_id", "bigint"),
    "parent_id": ("parent_id", "bigint"),
    "operation": ("operation", "varchar"),
    "manifest_list": ("manifest_list", "varchar"),
    "summary": ("summary", "map(varchar, varchar)"),
}
HISTORY: Columns = {
    "made_current_at": ("made_current_at", "timestamp(6) with time zone"),
    "snapshot_id": ("snapshot_id", "bigint"),
    "parent_id": ("parent_id", "bigint"),
    "is_current_ancestor": ("is_current_ancestor", "boolean"),
}
FILES: Columns = {
    "content": ("content", "integer"),
    "file_path": ("file_path", "varchar"),
    "file_format": ("file_format", "varchar"),
    "record_count": ("record_count", "bigint"),
    "file_size_in_bytes": ("file_size_in_bytes", "bigint"),
    "column_sizes": ("column_sizes", "map(integer, bigint)"),
    "value_counts": ("value_counts", "map(integer, bigint)"),
    "null_value_counts": ("null_value_counts", "map(integer, bigint)"),
    "nan_value_counts": ("nan_value_counts", "map(integer, bigint)"),
    "split_offsets": ("split_offsets", "array(bigint)"),
    "equality_ids": ("equality_ids", "array(integer)"),
}
PARTITIONS: Columns = {
    "partition": ("partition", "row"),
    "record_count": ("record_count", "bigint"),
    "file_count": ("file_count", "bigint"),
    "total_size": ("total_data_file_size_in_bytes", "bigint"),
}
MANIFESTS: Columns = {
    "path": ("path", "varchar"),
    "length": ("length", "bigint"),
    "partition_spec_id": ("partition_spec_id", "integer"),
    "added_snapshot_id": ("added_snapshot_id", "bigint"),
    "added_data_files_count": ("added_data_files_count", "integer"),
    "existing_data_files_count": ("existing_data_files_count", "integer"),
    "deleted_data_files_count": ("deleted_data_files_count", "integer"),
}
REFS: Columns = {
    "name": ("name", "varchar"),
    "type": ("type", "varchar"),
    "snapshot_id": ("snapshot_id", "bigint"),
    "max_reference_age_in_ms": ("max_reference_age_in_ms", "bigint"),
    "min_snapshots_to_keep": ("min_snapshots_to_keep", "integer"),
    "max_snapshot_age_in_ms": ("max_snapshot_age_in_ms", "bigint"),
}

READERS: dict[str, tuple[Callable[[Table], pa.Table], Columns]] = {
    "snapshots": (lambda table: table.inspect.snapshots(), SNAPSHOTS),
    "history": (lambda table: table.inspect.history(), HISTORY),
    "files": (lambda table: table.inspect.files(), FILES),
    "partitions": (lambda table: table.inspect.partitions(), PARTITIONS),
    "manifests": (lambda table: table.inspect.manifests(), MANIFESTS),
    "refs": (lambda table: table.inspect.refs(), REFS),
}
INSTANTS = frozenset({"committed_at", "made_current_at"})


def metadata_source(table: Table, kind: str) -> ArrowSource | None:
    """The rows of `"table$kind"`, or None when there is no such metadata table."""
    reader = READERS.get(kind)
    if reader is None:
        return None
    read, columns = reader
    rows = read(table)
    arrays = {
        name: _instant(rows.column(origin)) if name in INSTANTS else rows.column(origin)
        for name, (origin, _) in columns.items()
        if origin in rows.column_names
    }
    types = {name: columns[name][1] for name in arrays}
    return ArrowSource(types, pa.table(arrays))


def _instant(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """PyIceberg gives UTC times without a zone; Trino's have one."""
    return column.cast(pa.timestamp("us", tz="UTC"))
