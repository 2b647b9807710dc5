"""One JSON value -> one Iceberg value, as Firehose does it; the columnar path in records.py only goes faster.

https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-destination-supp.html
Dates become days, timestamps microseconds (both UTC, from 1970), so that Arrow takes them as integers.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

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
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
)

Coerce = Callable[[Any], Any]


class MismatchError(ValueError):
    """The value does not fit the column's type; the message says why."""


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EARLIEST_MICROSECOND = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
LATEST_MICROSECOND = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND

INTEGER_TEXT = re.compile(r"[+-]?[0-9]{1,19}")
NUMBER_TEXT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?|NaN|[+-]?Infinity")
DATE_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIMESTAMP_TEXT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
BOOLEANS: dict[Any, bool] = {"true": True, "false": False, 1: True, 0: False}


def coercion(field_type: IcebergType) -> Coerce:
    """The function that turns a JSON value (never null) of a column into what Arrow stores.

    Raises:
        MismatchError: from the function, when a value does not fit.
    """
    match field_type:
        case StringType():
            return _string
        case IntegerType():
            return _integer(32)
        case LongType():
            return _integer(64)
        case FloatType() | DoubleType():
            return _floating
        case BooleanType():
            return _boolean
        case DateType():
            return _date
        case TimestampType() | TimestamptzType():
            return _timestamp
        case DecimalType():
            return _decimal(field_type.precision, field_type.scale)
        case BinaryType():
            return _binary
        case StructType() | ListType() | MapType():
            return _nested(field_type)
    raise TypeError(f"a column of type {field_type} is not supported by Athena")


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise _mismatch("a string", value)


def _integer(bits: int) -> Coerce:
    limit = 1 << (bits - 1)

    def coerce(value: Any) -> int:
        if isinstance(value, str) and INTEGER_TEXT.fullmatch(value):
            value = int(value)
        if type(value) is int and -limit <= value < limit:
            return value
        raise _mismatch(f"a {bits}-bit integer", value)

    return coerce


def _floating(value: Any) -> float:
    if type(value) in (int, float):
        return float(value)
    if isinstance(value, str) and NUMBER_TEXT.fullmatch(value):
        return float(value)
    raise _mismatch("a number", value)


def _boolean(value: Any) -> bool:
    key = value.lower() if isinstance(value, str) else value
    if isinstance(key, (str, int)) and key in BOOLEANS:
        return BOOLEANS[key]
    raise _mismatch("true or false", value)


def _date(value: Any) -> int:
    epoch = EPOCH.date().toordinal()
    if type(value) is int and date.min.toordinal() <= value + epoch <= date.max.toordinal():
        return value
    if isinstance(value, str) and DATE_TEXT.fullmatch(value):
        try:
            return date.fromisoformat(value).toordinal() - epoch
        except ValueError as error:
            raise _mismatch("a date that exists", value) from error
    raise _mismatch("a date (YYYY-MM-DD or days since 1970-01-01)", value)


def _timestamp(value: Any) -> int:
    if type(value) is int and EARLIEST_MICROSECOND <= value <= LATEST_MICROSECOND:
        return value
    parts = TIMESTAMP_TEXT.fullmatch(value) if isinstance(value, str) else None
    if parts is None:
        raise _mismatch("a timestamp (ISO 8601 or microseconds since 1970-01-01)", value)
    seconds, fraction, offset = parts.groups()
    try:
        moment = datetime.fromisoformat(seconds + (offset or "Z"))
        micros = (moment - EPOCH) // MICROSECOND + int((fraction or "").ljust(6, "0")[:6])
    except ValueError as error:
        raise _mismatch("a timestamp that exists", value) from error
    if EARLIEST_MICROSECOND <= micros <= LATEST_MICROSECOND:
        return micros
    raise _mismatch("a timestamp of the years 1 to 9999 in UTC", value)


def _decimal(precision: int, scale: int) -> Coerce:
    expected = f"a decimal({precision},{scale})"

    def coerce(value: Any) -> Decimal:
        if type(value) not in (int, float, str) or (
            isinstance(value, str) and not NUMBER_TEXT.fullmatch(value)
        ):
            raise _mismatch(expected, value)
        try:
            number = Decimal(str(value))
            scaled = number.quantize(Decimal(1).scaleb(-scale))
        except InvalidOperation as error:
            raise _mismatch(expected, value) from error
        if scaled != number or len(scaled.as_tuple().digits) > precision:
            raise _mismatch(expected, value)
        return scaled

    return coerce


def _binary(value: Any) -> bytes:
    """Base64 (standard, URL-safe, MIME) where it reads so, else hex: the page does not say which wins."""
    if not isinstance(value, str):
        raise _mismatch("base64 or hex text", value)
    compact = "".join(value.split()).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError):
        pass
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise _mismatch("base64 or hex text", value) from error


def _nested(field_type: StructType | ListType | MapType) -> Coerce:
    if isinstance(field_type, StructType):
        return _struct(field_type)
    if isinstance(field_type, ListType):
        return _list(field_type)
    return _map(field_type)


def _struct(field_type: StructType) -> Coerce:
    members = [(field.name, field.required, coercion(field.field_type)) for field in field_type.fields]

    def coerce(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _mismatch("an object", value)
        return {
            name: _member(name, value.get(name), required, coerce_member)
            for name, required, coerce_member in members
        }

    return coerce


def _list(field_type: ListType) -> Coerce:
    coerce_element = coercion(field_type.element_type)

    def coerce(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise _mismatch("an array", value)
        return [_member("element", item, field_type.element_required, coerce_element) for item in value]

    return coerce


def _map(field_type: MapType) -> Coerce:
    coerce_key = coercion(field_type.key_type)
    coerce_value = coercion(field_type.value_type)

    def coerce(value: Any) -> list[tuple[Any, Any]]:
        if not isinstance(value, dict):
            raise _mismatch("an object", value)
        return [
            (coerce_key(key), _member(key, item, field_type.value_required, coerce_value))
            for key, item in value.items()
        ]

    return coerce


def _member(name: str, value: Any, required: bool, coerce: Coerce) -> Any:
    if value is None:
        if required:
            raise MismatchError(f"the required member {name!r} is missing")
        return None
    return coerce(value)


def _mismatch(expected: str, value: Any) -> MismatchError:
    text = repr(value)
    return MismatchError(f"expected {expected}, got {text if len(text) <= 80 else text[:77] + '...'}")
