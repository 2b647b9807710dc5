"""Firehose's conversion of JSON records to rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
)

from local_runtime.lakehouse import records
from local_runtime.lakehouse.records import MISSING_COLUMN, TYPE_MISMATCH, Rejected, rows_to_arrow

STRUCT = StructType(
    NestedField(20, "type", StringType(), required=True),
    NestedField(21, "amount", LongType(), required=False),
)
TYPES: tuple[IcebergType, ...] = (
    *(StringType(), IntegerType(), LongType(), FloatType(), DoubleType(), BooleanType(), DateType()),
    *(TimestampType(), TimestamptzType(), DecimalType(6, 2), BinaryType(), STRUCT),
    ListType(22, IntegerType(), element_required=False),
    MapType(23, StringType(), 24, LongType(), value_required=False),
)


def schema_of(field_type: IcebergType, required: bool = False) -> Schema:
    return Schema(NestedField(1, "c", field_type, required=required))


def convert(field_type: IcebergType, *values: object, required: bool = False) -> list[Any]:
    """The column's values, with the Rejected ones in their place."""
    documents = [json.dumps({"c": value}).encode() for value in values]
    table, rejected = rows_to_arrow(schema_of(field_type, required), documents)
    outcome: list[Any] = table.column("c").to_pylist()
    for item in rejected:
        outcome.insert(item.index, item)
    return outcome


def is_mismatch(value: object) -> bool:
    return isinstance(value, Rejected) and value.error_code == TYPE_MISMATCH


NOON = datetime(2026, 11, 20, 12)


@pytest.mark.parametrize(
    ("field_type", "value", "expected"),
    [
        (StringType(), 'a "quoted"\nüñí€ text', 'a "quoted"\nüñí€ text'),
        (IntegerType(), 7, 7),
        (IntegerType(), "-7", -7),
        (LongType(), 2**63 - 1, 2**63 - 1),
        (DoubleType(), 7, 7.0),
        (DoubleType(), "7.5e1", 75.0),
        (FloatType(), 0.5, 0.5),
        (BooleanType(), True, True),
        (BooleanType(), "false", False),
        (BooleanType(), 1, True),
        (DateType(), "2026-11-20", date(2026, 11, 20)),
        (DateType(), 1, date(1970, 1, 2)),
        (TimestampType(), "2026-11-20T12:00:00Z", NOON),
        (TimestampType(), "2026-11-20T12:00:00", NOON),
        (TimestampType(), "2026-11-20T05:00:00-07:00", NOON),
        (TimestampType(), "2026-11-20T12:00:00.123456789Z", NOON + timedelta(microseconds=123456)),
        (TimestampType(), "2026-11-20T12:00:00.5", NOON + timedelta(milliseconds=500)),
        (TimestampType(), 1_000_001, datetime(1970, 1, 1, 0, 0, 1, 1)),
        (TimestamptzType(), "2026-11-20T13:00:00+01:00", NOON.replace(tzinfo=UTC)),
        (DecimalType(6, 2), "1234.5", Decimal("1234.50")),
        (DecimalType(6, 2), 1.1, Decimal("1.10")),
        (BinaryType(), "aGk=", b"hi"),
        (BinaryType(), "_-8=", b"\xff\xef"),
        (BinaryType(), "686921", b"hi!"),
        (STRUCT, {"type": "checkout", "amount": "3", "other": 1}, {"type": "checkout", "amount": 3}),
        (TYPES[12], [1, None, "2"], [1, None, 2]),
        (TYPES[13], {"a": 1, "b": None}, [("a", 1), ("b", None)]),
    ],
    ids=str,
)
def test_value_is_taken_as_firehose_takes_it(
    field_type: IcebergType, value: object, expected: object
) -> None:
    assert convert(field_type, value) == [expected]


@pytest.mark.parametrize(
    ("field_type", "value"),
    [
        (StringType(), 212234672),
        (StringType(), {"a": 1}),
        (IntegerType(), 2**31),
        (IntegerType(), 1.5),
        (IntegerType(), "1_000"),
        (IntegerType(), True),
        (LongType(), 2**63),
        (DoubleType(), "one"),
        (DoubleType(), True),
        (BooleanType(), "yes"),
        (BooleanType(), 2),
        (DateType(), "2026-02-30"),
        (DateType(), "20-11-2026"),
        (DateType(), 10**9),
        (TimestampType(), "2022-09-16 07:35:46"),
        (TimestampType(), "2026-02-30T00:00:00Z"),
        (TimestampType(), "2026-11-20T24:00:00Z"),
        (TimestampType(), "0000-01-01T00:00:00Z"),
        (TimestampType(), "0001-01-01T00:00:00+05:00"),
        (TimestampType(), 2**62),
        (TimestampType(), 1.5),
        (DecimalType(6, 2), "1.234"),
        (DecimalType(6, 2), "12345.00"),
        (BinaryType(), "not base64!"),
        (STRUCT, {"amount": 3}),
        (STRUCT, "text"),
        (TYPES[12], ["x"]),
        (TYPES[13], [1]),
    ],
    ids=str,
)
def test_value_of_a_wrong_type_rejects_that_record_alone(field_type: IcebergType, value: object) -> None:
    before, wrong, after = convert(field_type, None, value, None)
    assert (before, after) == (None, None)
    assert is_mismatch(wrong)
    assert "'c'" in wrong.message


def test_required_column_missing_or_null_rejects_that_record_alone() -> None:
    documents = [b'{"c": "x"}', b"{}", b'{"c": null}', b'{"C": "x"}']
    table, rejected = rows_to_arrow(schema_of(StringType(), required=True), documents)
    assert table.column("c").to_pylist() == ["x"]
    assert [(item.index, item.error_code) for item in rejected] == [
        (index, MISSING_COLUMN) for index in (1, 2, 3)
    ]
    assert rejected[0].message == "Required column 'c' is missing or null"


def test_optional_column_missing_is_null_and_extra_keys_are_skipped() -> None:
    table, rejected = rows_to_arrow(schema_of(StringType()), [b'{"other": 1}', b'{"C": "x"}'])
    assert table.column("c").to_pylist() == [None, None]
    assert rejected == []


@pytest.mark.parametrize(
    "document", [b"", b"not json", b"[1]", b"1", b"null", b'{"c":1}{"c":2}', b"\xff\xfe", b'{"c": NaN}']
)
def test_record_that_is_not_one_json_object_is_rejected_alone(document: bytes) -> None:
    table, rejected = rows_to_arrow(schema_of(StringType()), [b'{"c":"x"}', document, b'{"c":"y"}\n'])
    assert table.column("c").to_pylist() == ["x", "y"]
    assert [(item.index, item.error_code) for item in rejected] == [(1, TYPE_MISMATCH)]


def test_record_has_one_reason_the_first() -> None:
    schema = Schema(NestedField(1, "a", LongType()), NestedField(2, "b", LongType(), required=True))
    _, rejected = rows_to_arrow(schema, [b'{"a": "x"}'])
    assert [(item.index, item.error_code) for item in rejected] == [(0, TYPE_MISMATCH)]


def test_partition_value_too_long_for_an_object_key_is_rejected() -> None:
    spec = PartitionSpec(PartitionField(1, 1000, IdentityTransform(), "c"))
    values = ("x" * 512, "x" * 513, "é" * 85, "é" * 86, None)
    documents = [json.dumps({"c": value}).encode() for value in values]
    table, rejected = rows_to_arrow(schema_of(StringType()), documents, spec)
    assert table.column("c").to_pylist() == [values[0], values[2], None]
    assert [item.index for item in rejected] == [1, 3]


def test_no_records_give_no_rows() -> None:
    for field_type in TYPES:
        table, rejected = rows_to_arrow(schema_of(field_type), [])
        assert (table.num_rows, rejected) == (0, [])


MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda moment: moment.isoformat() + "Z")
ALMOST_MOMENTS = st.from_regex(r"\A[0-2]\d{3}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d(\.\d{1,7})?Z\Z")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.integers().map(str),
    MOMENTS,
    ALMOST_MOMENTS,
)
VALUES = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)
)
# One kind of value a column is what the columnar path is for; a mixture is what it must hand on.
COLUMNS = st.one_of(
    *(st.lists(st.one_of(kind, st.none()), max_size=6) for kind in (MOMENTS, ALMOST_MOMENTS, st.integers())),
    st.lists(VALUES, max_size=6),
)


@settings(max_examples=150, deadline=None)
@given(COLUMNS, st.sampled_from(TYPES), st.booleans())
def test_columnar_path_and_value_by_value_path_agree(
    values: list[object], field_type: IcebergType, required: bool
) -> None:
    schema = schema_of(field_type, required)
    documents = [json.dumps({"c": value}).encode() for value in values]
    fast_table, fast_rejected = rows_to_arrow(schema, documents)
    refuse: Callable[..., None] = lambda *_: None  # noqa: E731
    with patch.object(records, "_convert_whole", refuse):
        slow_table, slow_rejected = rows_to_arrow(schema, documents)
    assert fast_table == slow_table
    assert fast_rejected == slow_rejected
    assert fast_table.num_rows + len(fast_rejected) == len(values)
