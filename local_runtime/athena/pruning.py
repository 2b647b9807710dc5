"""What a query needs of a table of files: which columns, and which partitions its WHERE clauses leave.

https://docs.aws.amazon.com/athena/latest/ug/partitions.html
Who asks for one day scans one day; a value that does not fit its type fails the queries that read it alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlglot import exp

_UNSAFE = (exp.Query, exp.Subquery, exp.AggFunc, exp.Window, exp.Anonymous, exp.Rand, exp.Uuid)
"""What has no one value for a partition."""


@dataclass(frozen=True)
class Occurrence:
    """A table where it stands in a FROM clause."""

    alias: str
    conditions: tuple[str, ...]
    """DuckDB's SQL over the partition keys, all of which hold for every row that is used."""
    fixed: frozenset[str]
    """Keys that are compared with values that the query gives."""


@dataclass(frozen=True)
class Need:
    columns: frozenset[str] | None
    """Names, in lower case, of the columns that the query may read; None: any."""
    occurrences: tuple[Occurrence, ...]


def needed_columns(query: exp.Expr) -> frozenset[str] | None:
    """The names of all columns of a qualified query, whichever table they are of."""
    stars = any(
        isinstance(item, exp.Star) for select in query.find_all(exp.Select) for item in select.selects
    )
    implicit = any(join.method or join.args.get("using") for join in query.find_all(exp.Join))
    if stars or implicit:
        return None
    return frozenset(column.name.lower() for column in query.find_all(exp.Column))


def occurrence(table: exp.Table, keys: Collection[str]) -> Occurrence:
    """Where a table of a qualified query stands, and what is asked of its partition keys."""
    alias = table.alias_or_name
    conditions = [item for item in _conjuncts(table) if _is_about(item, alias, keys)]
    fixed = frozenset(name for item in conditions for name in _fixed(item))
    return Occurrence(alias, tuple(item.sql(dialect="duckdb") for item in conditions), fixed)


def _conjuncts(table: exp.Table) -> Iterator[exp.Expr]:
    """The parts of the WHERE clause; none where an outer join could bring rows of the table back as NULLs."""
    select = table.parent_select
    where = None if select is None else select.args.get("where")
    if select is None or where is None or not isinstance(table.parent, exp.From | exp.Join):
        return
    if any(join.side in ("RIGHT", "FULL") for join in select.args.get("joins") or ()):
        return
    joined = table.parent
    if isinstance(joined, exp.Join) and (joined.side or joined.kind not in ("", "INNER", "CROSS")):
        return
    waiting = [where.this]
    while waiting:
        item = waiting.pop().unnest()
        if isinstance(item, exp.And):
            waiting += [item.right, item.left]
        else:
            yield item


def _is_about(condition: exp.Expr, alias: str, keys: Collection[str]) -> bool:
    columns = list(condition.find_all(exp.Column))
    mine = all(column.table == alias and column.name.lower() in keys for column in columns)
    return bool(columns) and mine and condition.find(*_UNSAFE) is None


def _fixed(condition: exp.Expr) -> Iterator[str]:
    if isinstance(condition, exp.EQ):
        sides = (condition.left.unnest(), condition.right.unnest())
        for one, other in (sides, sides[::-1]):
            if isinstance(one, exp.Column) and other.find(exp.Column) is None:
                yield one.name.lower()
    elif isinstance(condition, exp.In) and isinstance(condition.this, exp.Column):
        values = condition.expressions
        if values and all(item.find(exp.Column) is None for item in values):
            yield condition.this.name.lower()
