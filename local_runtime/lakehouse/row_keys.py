"""A row's key as one binary value: its partition and its unique keys, so that keys compare column-wise.

https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-considerations.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema

_NULL = pa.scalar(b"-", pa.large_binary())
_NOTHING = pa.scalar(b"", pa.large_binary())
_COLON = pa.scalar(b":", pa.large_binary())


def key_schema(schema: Schema, spec: PartitionSpec, unique_keys: Sequence[str]) -> Schema:
    """The columns that a row's key is made of."""
    sources = [schema.find_column_name(field.source_id) or "" for field in spec.fields]
    return schema.select(*sources, *unique_keys)


def row_keys(rows: pa.Table, schema: Schema, spec: PartitionSpec, unique_keys: Sequence[str]) -> pa.Array:
    """One value a row; equal where the partition and all keys are equal, null being equal to null."""
    columns = [*partition_columns(rows, schema, spec), *(rows.column(name) for name in unique_keys)]
    framed = [_framed(flat(column)) for column in columns]
    return framed[0] if len(framed) == 1 else pc.binary_join_element_wise(*framed, _NOTHING)


def partition_columns(rows: pa.Table, schema: Schema, spec: PartitionSpec) -> list[pa.Array]:
    """The partition's values of each row, a column a partition field."""
    columns = []
    for field in spec.fields:
        source = schema.find_field(field.source_id)
        transform = field.transform.pyarrow_transform(source.field_type)
        columns.append(flat(transform(flat(rows.column(source.name)))))
    return columns


def stored_values(column: pa.Array) -> list[Any]:
    """Values as Iceberg's partitions and column bounds have them: moments and days are integers."""
    values: list[Any] = _as_integers(flat(column)).to_pylist()
    return values


def flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array, as long as its 32-bit offsets allow: the keys of a batch and of a file do."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _framed(column: pa.Array) -> pa.Array:
    """Each value with its length before it, so that `a` + `bc` differs from `ab` + `c`."""
    texts = _as_binary(column)
    lengths = pc.binary_length(texts).cast(pa.large_string()).cast(pa.large_binary())
    return pc.coalesce(pc.binary_join_element_wise(lengths, _COLON, texts, _NOTHING), _NULL)


def _as_binary(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return column.cast(pa.large_binary())
    return _as_integers(column).cast(pa.large_string()).cast(pa.large_binary())


def _as_integers(column: pa.Array) -> pa.Array:
    if pa.types.is_date32(column.type):
        return column.cast(pa.int32())
    if pa.types.is_timestamp(column.type) or pa.types.is_time64(column.type):
        return column.cast(pa.int64())
    return column
