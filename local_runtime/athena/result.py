"""What a query gives back, and how it fails. Imports nothing heavy.

https://docs.aws.amazon.com/athena/latest/APIReference/API_ResultSetMetadata.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


class QueryError(Exception):
    """A query that failed, in Athena's words: `TABLE_NOT_FOUND: line 1:15: Table '...' does not exist`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    """As Trino writes it: varchar, bigint, timestamp(6), array(varchar), row(a bigint)."""


@dataclass(frozen=True)
class Statistics:
    data_scanned_in_bytes: int = 0
    """The size of the data files that the query looked at; Athena counts only the columns that it read."""
    execution_time_in_millis: int = 0


@dataclass(frozen=True)
class QueryResult:
    columns: list[Column]
    rows: list[tuple[Any, ...]]
    statistics: Statistics = field(compare=False, default=Statistics())
    update_count: int | None = None
    """Rows that an INSERT, UPDATE, DELETE, MERGE or CTAS wrote or removed; None for every other statement."""


def done() -> QueryResult:
    """A statement without a result, such as CREATE DATABASE."""
    return QueryResult([], [])


def written(rows: int, scanned_bytes: int = 0) -> QueryResult:
    """A statement that changed rows; Athena's result has one column, `rows`, and no row."""
    return QueryResult([Column("rows", "bigint")], [], Statistics(scanned_bytes), update_count=rows)


def texts(rows: Sequence[str], name: str) -> QueryResult:
    """One text a row, as SHOW gives it."""
    return QueryResult([Column(name, "string")], [(row,) for row in rows])
