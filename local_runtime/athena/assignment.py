"""A query's columns -> the columns that a table wants, if Trino would let them be assigned.

https://trino.io/docs/current/sql/insert.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from local_runtime.athena.quoting import quoted
from local_runtime.athena.result import Column, QueryError

if TYPE_CHECKING:
    from local_runtime.athena.select import QueryRunner

WIDER = {
    "tinyint": ("smallint", "integer", "bigint", "decimal", "real", "double"),
    "smallint": ("integer", "bigint", "decimal", "real", "double"),
    "integer": ("bigint", "decimal", "real", "double"),
    "bigint": ("decimal", "real", "double"),
    "decimal": ("decimal", "real", "double"),
    "real": ("double",),
    "date": ("timestamp",),
    "timestamp": ("timestamp", "timestamptz"),
    "timestamptz": ("timestamptz",),
    "varchar": ("char",),
    "char": ("varchar",),
}
"""What Trino converts by itself when it stores a value."""


def check_assignable(
    wanted: Mapping[str, str], got: Sequence[Column], statement: str = "Insert query"
) -> None:
    """Raises QueryError: TYPE_MISMATCH, with both lists of types."""
    if len(wanted) != len(got) or not all(
        _fits(column.type, kind) for column, kind in zip(got, wanted.values(), strict=True)
    ):
        raise QueryError(
            "TYPE_MISMATCH",
            f"{statement} has mismatched column types: Table: [{', '.join(wanted.values())}], "
            f"Query: [{', '.join(column.type for column in got)}]",
        )


def _fits(got: str, wanted: str) -> bool:
    if got == wanted or got == "unknown":
        return True
    narrow, wide = _kind(got), _kind(wanted)
    if narrow in ("array", "map", "row"):
        return narrow == wide
    return narrow == wide == "varchar" or wide in WIDER.get(narrow, ())


def _kind(trino_type: str) -> str:
    kind = trino_type.partition("(")[0].strip()
    return "timestamptz" if trino_type.endswith("with time zone") else kind


def cast_rows(runner: QueryRunner, rows: pa.Table, wanted: Mapping[str, str]) -> pa.Table:
    """The same columns in order, under the wanted names and DuckDB types."""
    if not wanted:
        return rows
    numbered = rows.rename_columns([f"c{index}" for index in range(rows.num_columns)])
    columns = ", ".join(
        f"CAST(c{index} AS {kind}) AS {quoted(name)}" for index, (name, kind) in enumerate(wanted.items())
    )
    return runner.duckdb(f"SELECT {columns} FROM assigned", {}, {"assigned": numbered})  # noqa: S608
