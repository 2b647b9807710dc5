"""Types as DDL and Glue write them (`array<struct<a:int>>`), and what they are in every other language here.

https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg import types as iceberg

from local_runtime.athena.quoting import quoted
from local_runtime.athena.result import QueryError

TOKEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*|`[^`]+`|\d+|[<>(),:])")

SYNONYMS = {"integer": "int", "long": "bigint", "varbinary": "binary", "real": "float"}
TRINO = {
    "string": "varchar",
    "int": "integer",
    "float": "real",
    "binary": "varbinary",
    "timestamp": "timestamp(3)",
    **{name: name for name in ("boolean", "tinyint", "smallint", "bigint", "double", "date")},
}
DUCKDB = {"string": "VARCHAR", "binary": "BLOB", "char": "VARCHAR", "varchar": "VARCHAR"}
ICEBERG: dict[str, iceberg.PrimitiveType] = {
    "string": iceberg.StringType(),
    "int": iceberg.IntegerType(),
    "bigint": iceberg.LongType(),
    "float": iceberg.FloatType(),
    "double": iceberg.DoubleType(),
    "boolean": iceberg.BooleanType(),
    "date": iceberg.DateType(),
    "timestamp": iceberg.TimestampType(),
    "timestamptz": iceberg.TimestamptzType(),
    "binary": iceberg.BinaryType(),
}
ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "char": pa.string(),
    "varchar": pa.string(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "binary": pa.binary(),
}
KINDS_WITH_NUMBERS = ("decimal", "char", "varchar")


@dataclass(frozen=True)
class HiveType:
    """`name` is a kind; `fields` are a struct's members, or the unnamed element, key and value types."""

    name: str
    numbers: tuple[int, ...] = ()
    fields: tuple[tuple[str, HiveType], ...] = ()

    def __str__(self) -> str:
        if self.name == "struct":
            return f"struct<{','.join(f'{name}:{kind}' for name, kind in self.fields)}>"
        if self.fields:
            return f"{self.name}<{','.join(str(kind) for _, kind in self.fields)}>"
        return f"{self.name}({','.join(map(str, self.numbers))})" if self.numbers else self.name

    @property
    def trino(self) -> str:
        kinds = [kind.trino for _, kind in self.fields]
        match self.name:
            case "struct":
                members = (f"{name} {kind.trino}" for name, kind in self.fields)
                return f"row({', '.join(members)})"
            case "array" | "map":
                return f"{self.name}({', '.join(kinds)})"
        return TRINO.get(self.name, str(self))

    @property
    def duckdb(self) -> str:
        kinds = [kind.duckdb for _, kind in self.fields]
        match self.name:
            case "struct":
                members = (f"{quoted(name)} {kind.duckdb}" for name, kind in self.fields)
                return f"STRUCT({', '.join(members)})"
            case "array":
                return f"{kinds[0]}[]"
            case "map":
                return f"MAP({', '.join(kinds)})"
            case "timestamptz":
                return "TIMESTAMP WITH TIME ZONE"
        return DUCKDB.get(self.name, str(self).upper())

    @property
    def arrow(self) -> pa.DataType:
        kinds = [kind.arrow for _, kind in self.fields]
        match self.name:
            case "struct":
                return pa.struct([pa.field(name, kind.arrow) for name, kind in self.fields])
            case "array":
                return pa.list_(kinds[0])
            case "map":
                return pa.map_(*kinds)
            case "decimal":
                return pa.decimal128(*self.numbers)
        return ARROW[self.name]

    def iceberg(self, ids: Iterator[int]) -> iceberg.IcebergType:
        """The type in an Iceberg schema; nested fields take their ids from `ids`.

        Raises:
            QueryError: Iceberg has no such type.
        """
        numbers = [next(ids) for _ in self.fields]
        kinds = [kind.iceberg(ids) for _, kind in self.fields]
        match self.name:
            case "struct":
                return iceberg.StructType(
                    *(
                        iceberg.NestedField(number, name, kind, required=False)
                        for number, (name, _), kind in zip(numbers, self.fields, kinds, strict=True)
                    )
                )
            case "array":
                return iceberg.ListType(numbers[0], kinds[0], element_required=False)
            case "map":
                return iceberg.MapType(numbers[0], kinds[0], numbers[1], kinds[1], value_required=False)
            case "decimal":
                return iceberg.DecimalType(*self.numbers)
        if self.name not in ICEBERG:
            raise QueryError("NOT_SUPPORTED", f"Type {self} is not supported by Iceberg tables")
        return ICEBERG[self.name]


def hive_type(text: str) -> HiveType:
    """Read a type.

    Raises:
        QueryError: it is none that Athena's DDL has.
    """
    tokens = TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s+", "", text):
        raise _unknown(text)
    reader = iter([*tokens, ""])
    kind, rest = _read(reader, text)
    if rest:
        raise _unknown(text)
    return kind


def _read(tokens: Iterator[str], text: str) -> tuple[HiveType, str]:
    """A type, and the token after it."""
    word = next(tokens).lower()
    name = SYNONYMS.get(word, word)
    after = next(tokens)
    if name in KINDS_WITH_NUMBERS:
        return _with_numbers(name, after, tokens)
    if name not in ("array", "map", "struct"):
        if name not in TRINO and name != "timestamptz":
            raise _unknown(text)
        return HiveType(name), after
    if after != "<":
        raise _unknown(text)
    fields: list[tuple[str, HiveType]] = []
    while after in ("<", ","):
        member = next(tokens).strip("`").lower() if name == "struct" else ""
        if name == "struct" and next(tokens) != ":":
            raise _unknown(text)
        kind, after = _read(tokens, text)
        fields.append((member, kind))
    if after != ">" or len(fields) != {"array": 1, "map": 2}.get(name, len(fields)):
        raise _unknown(text)
    return HiveType(name, fields=tuple(fields)), next(tokens)


def _with_numbers(name: str, after: str, tokens: Iterator[str]) -> tuple[HiveType, str]:
    numbers: list[int] = []
    if after == "(":
        while after != ")":
            numbers.append(int(next(tokens)))
            after = next(tokens)
        after = next(tokens)
    if name == "decimal":
        return HiveType(name, (*numbers, *(10, 0)[len(numbers) :])), after
    return HiveType("string" if not numbers else name, tuple(numbers)), after


def hive_type_of_arrow(kind: pa.DataType) -> HiveType:
    """The type that a CTAS gives a column."""
    if pa.types.is_struct(kind):
        return HiveType(
            "struct", fields=tuple((field.name, hive_type_of_arrow(field.type)) for field in kind)
        )
    if pa.types.is_map(kind):
        members = (hive_type_of_arrow(kind.key_type), hive_type_of_arrow(kind.item_type))
        return HiveType("map", fields=tuple(("", member) for member in members))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return HiveType("array", fields=(("", hive_type_of_arrow(kind.value_type)),))
    if pa.types.is_decimal(kind):
        whole = kind.precision == 38 and kind.scale == 0  # DuckDB's sum of integers, Trino's bigint
        return HiveType("bigint") if whole else HiveType("decimal", (kind.precision, kind.scale))
    if pa.types.is_timestamp(kind):
        return HiveType("timestamp" if kind.tz is None else "timestamptz")
    for name, arrow in ARROW.items():
        if arrow == kind:
            return HiveType(name)
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return HiveType("binary")
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return HiveType("string")
    raise QueryError("NOT_SUPPORTED", f"a column of type {kind} cannot be written into a table")


def schema_of(columns: list[tuple[str, HiveType, str | None]]) -> iceberg.StructType:
    """An Iceberg schema's fields from (name, type, comment); ids from 1, what is nested after the columns."""
    ids = itertools.count(len(columns) + 1)
    return iceberg.StructType(
        *(
            iceberg.NestedField(number, name, kind.iceberg(ids), required=False, doc=comment)
            for number, (name, kind, comment) in enumerate(columns, start=1)
        )
    )


def _unknown(text: str) -> QueryError:
    return QueryError("INVALID_TYPE", f"type {text!r} is none that Athena's DDL has")
