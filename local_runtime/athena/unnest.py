"""UNNEST as Trino has it: several arrays side by side, maps, rows, WITH ORDINALITY.

https://trino.io/docs/current/sql/select.html#unnest
"""

from __future__ import annotations

from sqlglot import exp

ORDINALITY = "ordinality"


def count_ordinality_as_a_column(query: exp.Expr) -> None:
    """Make the ordinal number one more column of the alias, so that its name is resolved like the others'."""
    for unnest in query.find_all(exp.Unnest):
        offset = unnest.args.get("offset")
        if not offset:
            continue
        unnest.meta[ORDINALITY] = True
        alias = unnest.args.get("alias")
        unnest.set("offset", None)
        if isinstance(offset, exp.Identifier) and alias is not None:
            alias.set("columns", [*alias.args.get("columns", []), offset])


def unnest_for_duckdb(unnest: exp.Expr) -> exp.Expr:
    """A lateral subquery whose select list unnests each array; DuckDB fills up the shorter ones with NULL."""
    alias = unnest.args.get("alias")
    columns = [] if alias is None else alias.args.get("columns", [])
    ordinality = bool(unnest.meta.get(ORDINALITY))
    arrays = unnest.expressions
    pairs = len(columns) - int(ordinality) > len(arrays)
    if len(arrays) == 1 and not pairs and not ordinality and not _has_rows(arrays[0]):
        return unnest.copy()
    projections: list[exp.Expr] = []
    for array in arrays:
        projections += _projections(array, pairs)
    if ordinality:
        projections.append(_call("unnest", _call("range", exp.Literal.number(1), _longest(arrays))))
    subquery = exp.Select(expressions=projections).subquery()
    if alias is not None:
        subquery.set("alias", alias.copy())
    return subquery


def _projections(array: exp.Expr, pairs: bool) -> list[exp.Expr]:
    if _is_map(array) or (pairs and not _has_rows(array) and not _is_array(array)):
        return [
            _call("unnest", _call("map_keys", array.copy())),
            _call("unnest", _call("map_values", array.copy())),
        ]
    if _has_rows(array):
        members = exp.Kwarg(this=exp.var("max_depth"), expression=exp.Literal.number(2))
        deep = _call("unnest", array.copy())
        deep.append("expressions", exp.PropertyEQ(this=members.this, expression=members.expression))
        return [deep]
    return [_call("unnest", array.copy())]


def _is_map(array: exp.Expr) -> bool:
    return isinstance(array, exp.Map | exp.VarMap) or array.is_type(exp.DType.MAP)


def _is_array(array: exp.Expr) -> bool:
    return isinstance(array, exp.Array) or array.is_type(exp.DType.ARRAY)


def _has_rows(array: exp.Expr) -> bool:
    """Whether it is an array of rows: each member becomes a column."""
    if isinstance(array, exp.Array) and array.expressions:
        return isinstance(array.expressions[0], exp.Struct) or _is_row_cast(array.expressions[0])
    kind = array.type
    return kind is not None and _is_array(array) and any(item.is_type("struct") for item in kind.expressions)


def _is_row_cast(node: exp.Expr) -> bool:
    return isinstance(node, exp.Cast) and node.to.is_type(exp.DType.STRUCT)


def _longest(arrays: list[exp.Expr]) -> exp.Expr:
    lengths = [
        exp.Coalesce(
            this=_call("cardinality" if _is_map(array) else "len", array.copy()),
            expressions=[exp.Literal.number(0)],
        )
        for array in arrays
    ]
    return exp.Add(this=_call("greatest", *lengths), expression=exp.Literal.number(1))


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))
