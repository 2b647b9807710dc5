"""One column type in three languages: Iceberg's, Trino's (Athena's engine) and DuckDB's.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-supported-data-types.html
"""

from __future__ import annotations

import re

from duckdb.sqltypes import DuckDBPyType
from pyiceberg.types import DecimalType, IcebergType, ListType, MapType, StructType

from local_runtime.athena.hive_types import hive_type
from local_runtime.athena.quoting import quoted

TRINO_OF_ICEBERG = {
    "string": "varchar",
    "int": "integer",
    "long": "bigint",
    "float": "real",
    "double": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp(6)",
    "timestamptz": "timestamp(6) with time zone",
    "binary": "varbinary",
}
DUCKDB_OF_TRINO = {
    "timestamp(6)": "TIMESTAMP",
    "timestamp(6) with time zone": "TIMESTAMP WITH TIME ZONE",
    "varbinary": "BLOB",
}
TRINO_OF_DUCKDB = {
    "VARCHAR": "varchar",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "TINYINT": "tinyint",
    # DuckDB widens a sum of bigint; Trino does not. The unsigned ones only come from DuckDB's own functions.
    "HUGEINT": "bigint",
    "UBIGINT": "bigint",
    "UHUGEINT": "bigint",
    "UINTEGER": "bigint",
    "BOOLEAN": "boolean",
    "DOUBLE": "double",
    "FLOAT": "real",
    "DATE": "date",
    "TIME": "time(6)",
    "TIMESTAMP": "timestamp(6)",
    "TIMESTAMP_S": "timestamp(6)",
    "TIMESTAMP_MS": "timestamp(6)",
    "TIMESTAMP WITH TIME ZONE": "timestamp(6) with time zone",
    "TIMESTAMP_NS": "timestamp(6)",
    "TIMESTAMPTZ_NS": "timestamp(6) with time zone",
    "INTERVAL": "interval day to second",
    "BLOB": "varbinary",
    "JSON": "json",
    "UUID": "uuid",
    "NULL": "unknown",
    '"NULL"': "unknown",
}


def trino_type(iceberg_type: IcebergType) -> str:
    """How Athena names the type of an Iceberg column."""
    match iceberg_type:
        case DecimalType():
            return f"decimal({iceberg_type.precision},{iceberg_type.scale})"
        case ListType():
            return f"array({trino_type(iceberg_type.element_type)})"
        case MapType():
            return f"map({trino_type(iceberg_type.key_type)}, {trino_type(iceberg_type.value_type)})"
        case StructType():
            members = (f"{field.name} {trino_type(field.field_type)}" for field in iceberg_type.fields)
            return f"row({', '.join(members)})"
    return TRINO_OF_ICEBERG[str(iceberg_type)]


def duckdb_type(iceberg_type: IcebergType) -> str:
    """The DuckDB type that reads an Iceberg column."""
    match iceberg_type:
        case ListType():
            return f"{duckdb_type(iceberg_type.element_type)}[]"
        case MapType():
            return f"MAP({duckdb_type(iceberg_type.key_type)}, {duckdb_type(iceberg_type.value_type)})"
        case StructType():
            members = (
                f"{quoted(field.name)} {duckdb_type(field.field_type)}" for field in iceberg_type.fields
            )
            return f"STRUCT({', '.join(members)})"
    trino = trino_type(iceberg_type)
    return DUCKDB_OF_TRINO.get(trino, trino.upper())


def trino_type_of_hive(text: str) -> str:
    """How Athena names the type of an external table's column."""
    return hive_type(text).trino


def result_type(duckdb_type: DuckDBPyType) -> str:
    """How Athena names the type of a result column."""
    match duckdb_type.id:
        case "list" | "array":
            return f"array({_child_type(duckdb_type, 0)})"
        case "map":
            return f"map({_child_type(duckdb_type, 0)}, {_child_type(duckdb_type, 1)})"
        case "struct" | "tuple":
            return f"row({', '.join(_members(duckdb_type))})"
        case "decimal":
            return re.sub(r"\s", "", str(duckdb_type)).lower()
    return TRINO_OF_DUCKDB.get(str(duckdb_type), str(duckdb_type).lower())


def _members(row: DuckDBPyType) -> list[str]:
    """A row's members; those of `row(...)` and `zip` have no names (in DuckDB: '' or _0, _1 ...)."""
    names = [name for name, _ in row.children]
    types = [_child_type(row, index) for index in range(len(names))]
    if all(name in ("", f"_{index}") for index, name in enumerate(names)):
        return types
    return [f"{name} {kind}" for name, kind in zip(names, types, strict=True)]


def _child_type(duckdb_type: DuckDBPyType, index: int) -> str:
    child = duckdb_type.children[index][1]
    assert isinstance(child, DuckDBPyType)
    return result_type(child)
