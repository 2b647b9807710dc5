"""Arrays, maps and rows.

https://trino.io/docs/current/functions/array.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from local_runtime.athena.trees import call

MAP_AGGREGATES = ("map_agg", "multimap_agg")
MAPS = (exp.Map, exp.VarMap, exp.ToMap)


def is_map(node: exp.Expr) -> bool:
    return isinstance(node, MAPS) or node.is_type(exp.DType.MAP)


def _subscript(bracket: exp.Expr) -> exp.Expr:
    """An element that is not there is an error; `element_at`, which is `safe`, gives NULL."""
    value, [index] = bracket.this, bracket.expressions
    if bracket.args.get("safe"):
        return bracket
    if is_map(value) or (isinstance(index, exp.Literal) and index.is_string):
        return call("trino_map_at", value, index)
    nested = isinstance(value, exp.Anonymous) and value.name in ("trino_at", "trino_map_at")
    if value.is_type("struct") or (nested and not value.is_type(exp.DType.ARRAY)):
        bracket.set("offset", 1)  # a row's member; the index is already DuckDB's
        return bracket
    return call("trino_at", value, index)


def _cardinality(function: exp.Expr) -> exp.Expr:
    return call("cardinality" if is_map(function.this) else "len", function.this)


def _slice(function: exp.Expr) -> exp.Expr:
    """A start and a length; DuckDB takes a start and an end."""
    return call("trino_slice", function.this, function.args["start"], function.args["end"])


def _sequence(function: exp.Expr) -> exp.Expr:
    """Counts down by itself, and of dates makes dates."""
    step = function.args.get("step")
    ends = (function.args["start"], function.args["end"])
    return call("trino_sequence", *ends, *(() if step is None else (step,)))


def _distinct(function: exp.Expr) -> exp.Expr:
    return call("array_distinct", function.this)


def _position(function: exp.Expr) -> exp.Expr:
    """0 for what is not in it; DuckDB gives NULL."""
    return call("trino_array_position", function.this, function.expression)


def _filter(node: exp.Expr) -> exp.Expr:
    """Aggregates that are macros of ours: a key that the filter leaves out is NULL, and NULL is no key."""
    function = node.this
    if not isinstance(function, exp.Anonymous) or function.name.lower() not in MAP_AGGREGATES:
        return node
    key, value = function.expressions
    return call(function.name, exp.Case().when(node.expression.this.copy(), key.copy()), value)


REWRITES: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Filter: _filter,
    exp.Bracket: _subscript,
    exp.ArraySize: _cardinality,
    exp.ArraySlice: _slice,
    exp.GenerateSeries: _sequence,
    exp.ArrayDistinct: _distinct,
    exp.ArrayPosition: _position,
}
