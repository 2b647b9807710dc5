"""Column types as a Glue table has them -> Arrow, and one JSON value -> what Arrow stores.

https://docs.aws.amazon.com/athena/latest/ug/data-types.html
https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
import pyarrow as pa

Coerce = Callable[[Any], Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM = 100_000_000_000
"""A greater number counts milliseconds: as seconds it would be past the year 5138."""
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?Z?"
)
_TOKEN = re.compile(r"\s*([a-zA-Z0-9_ ]+|[<>:,()])")

_SIMPLE = {
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "real": pa.float32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
    "char": pa.string(),
    "varchar": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


class MismatchError(ValueError):
    """The value does not fit the column's type."""


def arrow_type(text: str) -> pa.DataType:
    """The Arrow type of `bigint`, `array<struct<a:string,b:int>>`, ...

    Raises:
        ValueError: the text is no such type.
    """
    tokens = [token.strip() for token in _TOKEN.findall(text)]
    if "".join(tokens) != "".join(text.split()):
        raise ValueError(f"{text!r} is not a column type")
    parser = _TypeParser(text, [token for token in tokens if token])
    kind = parser.type()
    if parser.tokens:
        raise parser.wrong()
    return kind


class _TypeParser:
    def __init__(self, text: str, tokens: list[str]) -> None:
        self._text = text
        self.tokens = tokens

    def wrong(self) -> ValueError:
        return ValueError(f"{self._text!r} is not a column type that the local run knows")

    def _take(self, wanted: str | None = None) -> str:
        if not self.tokens or (wanted is not None and self.tokens[0] != wanted):
            raise self.wrong()
        return self.tokens.pop(0)

    def type(self) -> pa.DataType:
        name = self._take().lower()
        match name:
            case "array":
                self._take("<")
                element = self.type()
                self._take(">")
                return pa.list_(element)
            case "map":
                self._take("<")
                key = self.type()
                self._take(",")
                value = self.type()
                self._take(">")
                return pa.map_(key, value)
            case "struct":
                return self._struct()
            case "decimal":
                precision, scale = self._arguments() or (10, 0)
                return pa.decimal128(precision, scale)
        if name not in _SIMPLE:
            raise self.wrong()
        self._arguments()
        return _SIMPLE[name]

    def _struct(self) -> pa.DataType:
        self._take("<")
        fields = []
        while True:
            name = self._take().lower()
            self._take(":")
            fields.append(pa.field(name, self.type()))
            if self._take() == ">":
                return pa.struct(fields)

    def _arguments(self) -> tuple[int, ...]:
        if not self.tokens or self.tokens[0] != "(":
            return ()
        self._take("(")
        numbers = []
        while True:
            numbers.append(int(self._take()))
            if self._take() == ")":
                return tuple(numbers)


def coercion(kind: pa.DataType) -> Coerce:
    """The function that turns a JSON value (never null) into what Arrow takes for the type."""
    if pa.types.is_integer(kind):
        return _integer(kind.bit_width)
    if pa.types.is_decimal(kind):
        return _decimal(kind)
    if pa.types.is_list(kind):
        element = coercion(kind.value_type)
        return lambda value: [_nullable(element, item) for item in _expect(list, "an array", value)]
    if pa.types.is_map(kind):
        key, item = coercion(kind.key_type), coercion(kind.item_type)
        return lambda value: [
            (key(name), _nullable(item, member)) for name, member in _expect(dict, "an object", value).items()
        ]
    if pa.types.is_struct(kind):
        return _struct({field.name: coercion(field.type) for field in kind})
    return _SCALARS[kind]


def _struct(members: dict[str, Coerce]) -> Coerce:
    def coerce(value: Any) -> dict[str, Any]:
        given = {key.lower(): item for key, item in _expect(dict, "an object", value).items()}
        return {name: _nullable(member, given.get(name)) for name, member in members.items()}

    return coerce


def _nullable(coerce: Coerce, value: Any) -> Any:
    return None if value is None else coerce(value)


def _expect(kind: type, expected: str, value: Any) -> Any:
    if not isinstance(value, kind):
        raise _mismatch(expected, value)
    return value


def _integer(bits: int) -> Coerce:
    limit = 1 << (bits - 1)

    def coerce(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,19}", value):
            value = int(value)
        if type(value) is int and -limit <= value < limit:
            return value
        raise _mismatch(f"an integer of {bits} bits", value)

    return coerce


def _decimal(kind: pa.DataType) -> Coerce:
    def coerce(value: Any) -> Decimal:
        try:
            if type(value) in (int, float, str):
                number = Decimal(str(value)).quantize(Decimal(1).scaleb(-kind.scale))
                if len(number.as_tuple().digits) <= kind.precision:
                    return number
        except InvalidOperation:
            pass
        raise _mismatch(str(kind), value)

    return coerce


def _floating(value: Any) -> float:
    try:
        if type(value) in (int, float, str):
            return float(value)
    except ValueError:
        pass
    raise _mismatch("a number", value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _mismatch("true or false", value)


def _string(value: Any) -> str:
    """A text as it is; any other value as its JSON text, as OpenX gives it."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _binary(value: Any) -> bytes:
    return str(_expect(str, "a string", value)).encode()


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(_expect(str, "a date (YYYY-MM-DD)", value))
    except ValueError as error:
        raise _mismatch("a date (YYYY-MM-DD)", value) from error


def _timestamp(value: Any) -> datetime:
    """ISO 8601 with Z, `yyyy-MM-dd HH:mm:ss[.S]`, epoch seconds (also fractions), epoch milliseconds."""
    try:
        if type(value) is int:
            seconds = value / 1000 if abs(value) >= MILLISECONDS_FROM else value
            return (EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None)
        if type(value) is float:
            return (EPOCH + timedelta(seconds=value)).replace(tzinfo=None)
        parts = _TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
        if parts is not None:
            *numbers, fraction = parts.groups()
            micros = int((fraction if fraction is not None else "").ljust(6, "0")[:6])
            year, month, day, hour, minute, second = map(int, numbers)
            return datetime(year, month, day, hour, minute, second, micros)
    except (ValueError, OverflowError):
        pass
    raise _mismatch("a timestamp (ISO 8601 with Z, yyyy-MM-dd HH:mm:ss, or an epoch number)", value)


_SCALARS: dict[pa.DataType, Coerce] = {
    pa.float32(): _floating,
    pa.float64(): _floating,
    pa.bool_(): _boolean,
    pa.string(): _string,
    pa.binary(): _binary,
    pa.date32(): _date,
    pa.timestamp("us"): _timestamp,
}


def _mismatch(expected: str, value: Any) -> MismatchError:
    text = repr(value)
    return MismatchError(f"expected {expected}, got {text if len(text) <= 80 else text[:77] + '...'}")
