"""Rows into files under an external table's prefix, a folder a partition.

https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
"""

from __future__ import annotations

import base64
import gzip
import io
import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from local_runtime.athena.partitions import is_projected
from local_runtime.athena.result import QueryError
from local_runtime.lakehouse.external_tables import PARQUET, ExternalTable, Values, partition_folder
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.lakehouse.object_keys import split_uri

MOST_PARTITIONS = 100
"""Athena's limit for one statement."""
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
COMPRESSIONS = {"parquet": ("GZIP", "SNAPPY", "ZSTD", "LZ4", "NONE"), "json": ("GZIP", "NONE")}
UNSAFE_IN_FOLDERS = "/:*?\"<>|%#'=\\{}[]^"
SAFE_IN_FOLDERS = "".join(chr(code) for code in range(32, 127) if chr(code) not in UNSAFE_IN_FOLDERS)


def write_partitions(lakehouse: Lakehouse, table: ExternalTable, rows: pa.Table) -> None:
    """Write rows into a table's folders, and register the partitions."""
    folders = write_files(lakehouse, table, rows)
    if table.partition_keys and not is_projected(table):
        lakehouse.external.add_partitions(table, folders)


def write_files(lakehouse: Lakehouse, table: ExternalTable, rows: pa.Table) -> dict[Values, str]:
    """Write rows as one new object a partition; the partitions' folders.

    Raises:
        QueryError: more partitions than Athena writes at once.
    """
    bucket = split_uri(table.location)[0]
    lakehouse.objects.create_bucket(bucket)
    keys = [key.name for key in table.partition_keys]
    parts = list(_parts(rows, keys))
    if len(parts) > MOST_PARTITIONS:
        raise QueryError(
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
            f"Exceeded limit of {MOST_PARTITIONS} open writers for partitions/buckets: {len(parts)}",
        )
    known = lakehouse.external.partitions(table)
    folders: dict[Values, str] = {}
    for values, part in parts:
        folder = known.get(values, _folder(table, values))
        extension, data = _encode(table, part)
        uri = f"{folder}/{uuid.uuid4().hex}{extension}"
        lakehouse.objects.put(*split_uri(uri), data)
        folders[values] = folder
    return folders


def _folder(table: ExternalTable, values: Sequence[str]) -> str:
    """A new partition's place: as the projection's template says, or `key=value/...` below the table's."""
    if not table.partition_keys:
        return table.location
    template = table.parameters.get("storage.location.template") if is_projected(table) else None
    if template is None:
        return partition_folder(table, [quote(value, safe=SAFE_IN_FOLDERS) for value in values])
    for key, value in zip(table.partition_keys, values, strict=True):
        template = template.replace(f"${{{key.name}}}", value)
    return template.rstrip("/")


def _parts(rows: pa.Table, keys: list[str]) -> Iterator[tuple[Values, pa.Table]]:
    if not keys:
        if rows.num_rows:
            yield (), rows
        return
    texts = [_partition_texts(rows.column(key)) for key in keys]
    joined = pa.table(texts, names=keys).append_column("row", pa.array(range(rows.num_rows), pa.int64()))
    grouped = joined.group_by(keys, use_threads=False).aggregate([("row", "list")])
    stored = rows.drop_columns(keys)
    for group in grouped.to_pylist():
        yield tuple(group[key] for key in keys), stored.take(pa.array(group["row_list"], pa.int64()))


def _partition_texts(column: pa.ChunkedArray) -> pa.Array:
    """Values as folders name them."""
    texts = column.cast(pa.string()).combine_chunks()
    return pc.fill_null(texts, NULL_PARTITION)


def _encode(table: ExternalTable, rows: pa.Table) -> tuple[str, bytes]:
    """(the name's end, the object's bytes)."""
    given = table.parameters.get("parquet.compression", "") if table.format == PARQUET else ""
    compression = table.parameters.get("write.compression", given).upper().replace("UNCOMPRESSED", "NONE")
    if table.format == PARQUET:
        sink = io.BytesIO()
        pq.write_table(rows, sink, compression=compression or "GZIP")
        return ".parquet", sink.getvalue()
    lines = b"".join(orjson.dumps(_json_row(row)) + b"\n" for row in rows.to_pylist(maps_as_pydicts="strict"))
    return ("", lines) if compression == "NONE" else (".gz", gzip.compress(lines))


def _json_row(row: dict[str, Any]) -> dict[str, Any]:
    """Hive leaves out what is NULL."""
    return {name: _json_value(value) for name, value in row.items() if value is not None}


def _json_value(value: Any) -> Any:
    match value:
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return {str(key): _json_value(item) for key, item in value.items()}
        case list():
            return [_json_value(item) for item in value]
    return value
