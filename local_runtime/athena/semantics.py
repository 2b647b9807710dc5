"""Where Trino and DuckDB give different answers to the same words: the tree is changed to Trino's meaning.

https://trino.io/docs/current/functions.html
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from local_runtime.athena.unnest import unnest_for_duckdb


def mean_what_trino_means(query: exp.Expr) -> None:
    """Rewrite a qualified query whose types are annotated, in place."""
    for kind, rewrite in REWRITES.items():
        # Innermost first: a rewritten node must carry its rewritten children.
        for node in reversed(list(query.find_all(kind))):
            node.replace(rewrite(node))


def _divide(division: exp.Expr) -> exp.Expr:
    """Integers divide to an integer, towards zero; DuckDB's `//` does so and fails on a zero, as Trino."""
    left, right = division.this, division.expression
    if left.is_type(*exp.DataType.INTEGER_TYPES) and right.is_type(*exp.DataType.INTEGER_TYPES):
        return exp.IntDiv(this=left.copy(), expression=right.copy())
    return division.copy()


def _count_if(function: exp.Expr) -> exp.Expr:
    """Over no rows it is 0; DuckDB's gives NULL."""
    return exp.Count(this=exp.Case().when(function.this.copy(), exp.Literal.number(1)))


def _date_diff(function: exp.Expr) -> exp.Expr:
    """Whole units that have passed; DuckDB's date_diff counts boundaries crossed, its date_sub the units."""
    unit = exp.Literal.string(function.text("unit").lower() or "day")
    # Anonymous: sqlglot's own DATE_SUB subtracts an interval.
    return exp.Anonymous(
        this="date_sub", expressions=[unit, function.expression.copy(), function.this.copy()]
    )


def _regexp_extract(function: exp.Expr) -> exp.Expr:
    """NULL where the pattern does not match; DuckDB gives an empty string."""
    matches = exp.RegexpLike(this=function.this.copy(), expression=function.expression.copy())
    return exp.Case().when(matches, function.copy())


REWRITES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Div: _divide,
    exp.CountIf: _count_if,
    exp.DateDiff: _date_diff,
    exp.RegexpExtract: _regexp_extract,
    exp.Unnest: unnest_for_duckdb,
}
