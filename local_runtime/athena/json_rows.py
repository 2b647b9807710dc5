"""JSON lines -> rows of a table's declared types, as the OpenX and Hive JSON SerDes read them.

https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from local_runtime.athena.hive_types import HiveType
from local_runtime.athena.json_columns import read_columns
from local_runtime.athena.result import QueryError

EPOCH = datetime(1970, 1, 1)
TRUTH = {"true": True, "false": False}
SECONDS_HAVE_AT_MOST = 10
"""Digits: a longer number is milliseconds."""

MEANINGFUL = ("mapping.", "ignore.malformed.json")
"""The options of a table that change what is read; others, a crawler's counts, are not looked at."""

Convert = Callable[[Any], Any]
Columns = Sequence[tuple[str, HiveType]]


@dataclass(frozen=True)
class JsonRows:
    """The rows of one object. A value that does not fit its column fails the queries that read it alone."""

    count: int
    columns: Mapping[str, pa.Array]
    errors: Mapping[str, QueryError]

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.columns.values())

    def table(self, names: Sequence[str], number: tuple[str, int]) -> pa.Table:
        """Some of the columns, and one more that has the same number in each row.

        Raises:
            QueryError: a value of one of them does not fit it.
        """
        for name in names:
            if name in self.errors:
                raise self.errors[name]
        repeated = pa.repeat(pa.scalar(number[1], pa.int64()), self.count)
        return pa.table([*(self.columns[name] for name in names), repeated], names=[*names, number[0]])


def read_json_file(
    path: Path, uri: str, columns: Columns, options: Mapping[str, str], *, quickly: bool = True
) -> JsonRows:
    """The rows of one object, a row a line; `.gz` objects are decompressed. `quickly` changes no answer.

    Raises:
        QueryError: a line is no JSON object.
    """
    raw = path.read_bytes()
    data = gzip.decompress(raw) if uri.endswith(".gz") else raw
    documents = list(_documents(data, uri, options.get("ignore.malformed.json", "false").lower() == "true"))
    keys = {name: options.get(f"mapping.{name}", name).lower() for name, _ in columns}
    quick = read_columns(documents, keys, columns) if quickly else None
    if quick is not None:
        return JsonRows(len(documents), quick, {})
    # Both SerDes match names without regard to case.
    lower = [{key.lower(): value for key, value in document.items()} for document in documents]
    found: dict[str, pa.Array] = {}
    errors: dict[str, QueryError] = {}
    for name, kind in columns:
        try:
            found[name] = pa.array(_column(lower, keys[name], name, kind, uri), kind.arrow)
        except QueryError as error:
            errors[name] = error
        except (pa.ArrowInvalid, OverflowError) as error:
            errors[name] = QueryError("HIVE_BAD_DATA", f"field {name}: {kind} in {uri}: {error}")
    return JsonRows(len(documents), found, errors)


def _documents(data: bytes, uri: str, ignore_malformed: bool) -> Iterator[dict[str, Any]]:
    """The top-level objects."""
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError:
            document = None
        if isinstance(document, dict):
            yield document
        elif ignore_malformed:
            yield {}
        else:
            raise QueryError(
                "HIVE_CURSOR_ERROR", f"Row is not a valid JSON Object - JSONException: {uri}, line {number}"
            )


def _column(
    documents: Sequence[Mapping[str, Any]], key: str, name: str, kind: HiveType, uri: str
) -> list[Any]:
    convert = converter(kind)
    values = []
    for document in documents:
        value = document.get(key)
        try:
            values.append(None if value is None else convert(value))
        except (ValueError, TypeError, ArithmeticError) as error:
            raise QueryError(
                "HIVE_BAD_DATA", f"Error parsing field value '{value}' for field {name}: {kind} in {uri}"
            ) from error
    return values


def converter(kind: HiveType) -> Convert:
    """A function that takes a JSON value, not null, to the type's Python value."""
    members = [(name, _or_none(converter(member))) for name, member in kind.fields]
    match kind.name:
        case "struct":
            return lambda value: _struct(value, members)
        case "array":
            element = members[0][1]
            return lambda value: [element(item) for item in (value if isinstance(value, list) else [value])]
        case "map":
            return lambda value: [(members[0][1](key), members[1][1](item)) for key, item in value.items()]
        case "decimal":
            return lambda value: round(_decimal(value), kind.numbers[1])
    return SCALARS[kind.name]


def _or_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _struct(value: Any, members: Sequence[tuple[str, Convert]]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    lower = {key.lower(): item for key, item in value.items()}
    return {name: convert(lower.get(name)) for name, convert in members}


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case dict() | list():
            return orjson.dumps(value).decode()
    return str(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError("a truth value is no number")
    return int(value) if not isinstance(value, float) else int(Decimal(value))


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError("a truth value is no number")
    return float(value)


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError("not a number") from error


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else TRUTH.get(str(value).lower(), False)


def _timestamp(value: Any) -> datetime:
    if isinstance(value, int | float) or (isinstance(value, str) and value.isdecimal()):
        digits = len(str(int(value)))
        seconds = float(value) if digits <= SECONDS_HAVE_AT_MOST else float(value) / 1000
        return EPOCH + timedelta(seconds=seconds)
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


SCALARS: Mapping[str, Convert] = {
    "string": _text,
    "char": _text,
    "varchar": _text,
    "tinyint": _whole,
    "smallint": _whole,
    "int": _whole,
    "bigint": _whole,
    "float": _number,
    "double": _number,
    "boolean": _truth,
    "date": date.fromisoformat,
    "timestamp": _timestamp,
    "binary": base64.b64decode,
}
