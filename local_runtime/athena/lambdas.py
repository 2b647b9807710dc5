"""Functions that take a lambda, written with the ones that DuckDB has.

https://trino.io/docs/current/functions/lambda.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from local_runtime.athena.trees import call, number

ENTRY = "entry"


def _reduce(function: exp.Expr) -> exp.Expr:
    """The last lambda makes the result of the state."""
    finish = function.args.get("finish")
    if finish is None:
        return function
    state = function.copy()
    state.set("finish", None)
    return call("list_extract", call("list_transform", exp.Array(expressions=[state]), finish), number(1))


def _any_match(function: exp.Expr) -> exp.Expr:
    return exp.paren(exp.GT(this=_matches(function), expression=number(0)))


def _all_match(function: exp.Expr) -> exp.Expr:
    everything = call("len", function.expressions[0])
    return exp.paren(exp.EQ(this=_matches(function), expression=everything))


def _none_match(function: exp.Expr) -> exp.Expr:
    return exp.paren(exp.EQ(this=_matches(function), expression=number(0)))


def _matches(function: exp.Expr) -> exp.Expr:
    return call("len", call("list_filter", *function.expressions))


def _map_filter(function: exp.Expr) -> exp.Expr:
    entries, condition = _entries(function)
    return call("map_from_entries", call("list_filter", entries, _on_entry(condition)))


def _transform_values(function: exp.Expr) -> exp.Expr:
    return _transform(function, key=None)


def _transform_keys(function: exp.Expr) -> exp.Expr:
    return _transform(function, key=function.expressions[1])


def _transform(function: exp.Expr, key: exp.Expr | None) -> exp.Expr:
    """`key` is the lambda when it makes the keys; otherwise it makes the values."""
    entries, made = _entries(function)
    body = _on_entry(made)
    kept = "value" if key is not None else "key"
    entry = exp.Lambda(
        this=call("row", *((body.this, _member(kept)) if key is not None else (_member(kept), body.this))),
        expressions=body.expressions,
    )
    return call("map_from_entries", call("list_transform", entries, entry))


def _entries(function: exp.Expr) -> tuple[exp.Expr, exp.Lambda]:
    value, made = function.expressions
    assert isinstance(made, exp.Lambda)  # Trino's parser takes nothing else here
    return call("map_entries", value), made


def _on_entry(made: exp.Lambda) -> exp.Lambda:
    """The same lambda over one entry instead of a key and a value."""
    names = {item.name: member for item, member in zip(made.expressions, ("key", "value"), strict=False)}
    body = exp.paren(made.this.copy())
    for node in list(body.find_all(exp.Identifier)):
        holder = node.parent if isinstance(node.parent, exp.Column) else node
        table = holder.args.get("table") if isinstance(holder, exp.Column) else None
        if node.name in names and table is None:
            holder.replace(_member(names[node.name]))
    return exp.Lambda(this=body, expressions=[exp.to_identifier(ENTRY)])


def _member(name: str) -> exp.Expr:
    return exp.Dot(this=exp.to_identifier(ENTRY), expression=exp.to_identifier(name))


REWRITES: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {exp.Reduce: _reduce}
FUNCTIONS: Mapping[str, Callable[[exp.Expr], exp.Expr]] = {
    "any_match": _any_match,
    "all_match": _all_match,
    "none_match": _none_match,
    "map_filter": _map_filter,
    "transform_values": _transform_values,
    "transform_keys": _transform_keys,
}
