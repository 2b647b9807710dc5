"""Records as Firehose writes them to Iceberg: one JSON object each, first-level keys are column names.

https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-considerations.html
A column is converted as a whole where Arrow can be trusted to say yes; else coercion.py decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import (
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
    TimestamptzType,
)

from local_runtime.lakehouse.coercion import (
    EARLIEST_MICROSECOND,
    LATEST_MICROSECOND,
    MismatchError,
    coercion,
)

MISSING_COLUMN = "Iceberg.MissingColumnWithinRecord"
TYPE_MISMATCH = "Iceberg.SchemaTypeMismatch"

UTC_TIMESTAMPS = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$"
LONGEST_PARTITION_VALUE = 512
"""Bytes, percent-encoded: an identity partition's value is part of the objects' keys (at most 1,024)."""


@dataclass(frozen=True)
class Rejected:
    """A record that goes to `iceberg-failed/`, by its index in the batch."""

    index: int
    error_code: str
    message: str


Rejections = dict[int, Rejected]


def rows_to_arrow(
    schema: Schema,
    documents: Sequence[bytes],
    partition_spec: PartitionSpec = UNPARTITIONED_PARTITION_SPEC,
) -> tuple[pa.Table, list[Rejected]]:
    """The rows that fit the table, in order, and the records that do not.

    Keys without a column are skipped; an absent key of an optional column is a null (docs/decisions/0041).
    """
    rejections: Rejections = {}
    objects = _parse(documents, rejections)
    arrow_schema = schema_to_pyarrow(schema, include_field_ids=False)
    columns = [
        _column(field, arrow_schema.field(field.name).type, objects, rejections) for field in schema.fields
    ]
    table = pa.Table.from_arrays(columns, names=[field.name for field in schema.fields])
    _check_partition_values(table, schema, partition_spec, rejections)
    if rejections:
        keep = pa.array([index not in rejections for index in range(len(documents))], pa.bool_())
        table = table.filter(keep)
    # Only now are the required columns free of nulls.
    return table.cast(arrow_schema), [rejections[index] for index in sorted(rejections)]


def _parse(documents: Sequence[bytes], rejections: Rejections) -> list[dict[str, Any]]:
    objects: list[dict[str, Any]] = []
    for index, document in enumerate(documents):
        try:
            value = orjson.loads(document)
        except orjson.JSONDecodeError as error:
            _reject(rejections, index, TYPE_MISMATCH, f"The record is not one JSON document: {error}")
            value = {}
        if type(value) is not dict:
            _reject(rejections, index, TYPE_MISMATCH, "The record is not a JSON object")
            value = {}
        objects.append(value)
    return objects


def _column(
    field: NestedField, arrow_type: pa.DataType, objects: list[dict[str, Any]], rejections: Rejections
) -> pa.Array:
    name = field.name
    values = [row.get(name) for row in objects]
    array = _convert_whole(field, arrow_type, values)
    if array is None:
        array = _convert_each(field, arrow_type, values, rejections)
    if field.required and array.null_count:
        for index in pc.indices_nonzero(array.is_null()).to_pylist():
            _reject(rejections, index, MISSING_COLUMN, f"Required column {name!r} is missing or null")
    return array


def _convert_whole(field: NestedField, arrow_type: pa.DataType, values: list[Any]) -> pa.Array | None:
    """The column in one piece, or None to look closer: never yes where coercion.py says no."""
    kinds = set(map(type, values))
    kinds.discard(type(None))
    match field.field_type:
        case StringType() if kinds <= {str}:
            return pa.array(values, arrow_type)
        case IntegerType() | LongType() if kinds <= {int}:
            try:
                return pa.array(values, arrow_type)
            except (pa.ArrowInvalid, OverflowError):
                return None
        case FloatType() | DoubleType() if kinds <= {float}:
            return pa.array(values, arrow_type)
        case TimestampType() | TimestamptzType() if kinds <= {str}:
            return _utc_timestamps(pa.array(values, pa.string()), arrow_type)
        case TimestampType() | TimestamptzType() if kinds <= {int}:
            return _microseconds(values, arrow_type)
    return None


def _utc_timestamps(texts: pa.Array, arrow_type: pa.DataType) -> pa.Array | None:
    if pc.all(pc.match_substring_regex(texts, UTC_TIMESTAMPS)).as_py() is False:
        return None
    try:
        moments = texts.cast(pa.timestamp("us", tz="UTC"))
    except pa.ArrowInvalid:
        return None
    return moments.cast(arrow_type) if _are_moments(moments.cast(pa.int64())) else None


def _microseconds(values: list[Any], arrow_type: pa.DataType) -> pa.Array | None:
    try:
        numbers = pa.array(values, pa.int64())
    except (pa.ArrowInvalid, OverflowError):
        return None
    return numbers.cast(arrow_type) if _are_moments(numbers) else None


def _are_moments(micros: pa.Array) -> bool:
    extremes = pc.min_max(micros).as_py()
    return extremes["min"] is None or (
        extremes["min"] >= EARLIEST_MICROSECOND and extremes["max"] <= LATEST_MICROSECOND
    )


def _convert_each(
    field: NestedField, arrow_type: pa.DataType, values: list[Any], rejections: Rejections
) -> pa.Array:
    coerce = coercion(field.field_type)
    coerced: list[Any] = []
    for index, value in enumerate(values):
        try:
            coerced.append(None if value is None else coerce(value))
        except MismatchError as error:
            _reject(rejections, index, TYPE_MISMATCH, f"Column {field.name!r}: {error}")
            coerced.append(None)
    if isinstance(field.field_type, (TimestampType, TimestamptzType)):
        return pa.array(coerced, pa.int64()).cast(arrow_type)
    return pa.array(coerced, arrow_type)


def _check_partition_values(
    table: pa.Table, schema: Schema, partition_spec: PartitionSpec, rejections: Rejections
) -> None:
    for partition in partition_spec.fields:
        field = schema.find_field(partition.source_id)
        if not isinstance(partition.transform, IdentityTransform) or not isinstance(
            field.field_type, StringType
        ):
            continue
        column = table.column(field.name)
        for index in pc.indices_nonzero(pc.greater(pc.binary_length(column), LONGEST_PARTITION_VALUE // 3)):
            size = len(quote_plus(column[index.as_py()].as_py()))
            if size > LONGEST_PARTITION_VALUE:
                message = (
                    f"Column {field.name!r}: a partition value has at most {LONGEST_PARTITION_VALUE} "
                    f"bytes, percent-encoded (got {size})"
                )
                _reject(rejections, index.as_py(), TYPE_MISMATCH, message)


def _reject(rejections: Rejections, index: int, error_code: str, message: str) -> None:
    """A record has one reason: the first."""
    rejections.setdefault(index, Rejected(index, error_code, message))
