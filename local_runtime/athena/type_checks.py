"""Comparisons and arithmetic that Trino refuses and DuckDB would answer by converting.

https://trino.io/docs/current/language/types.html
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from local_runtime.athena.names import location
from local_runtime.athena.result import QueryError

TEXT, NUMBER, MOMENT, TRUTH, TIME = "text", "number", "moment", "truth", "time"
MOMENTS = {exp.DType.DATE, *exp.DataType.TEMPORAL_TYPES} - {exp.DType.TIME, exp.DType.TIMETZ}

COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ)
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
TEXT_FUNCTIONS = (
    *(exp.Length, exp.Upper, exp.Lower, exp.Trim, exp.Substring, exp.StrPosition, exp.Split, exp.SplitPart),
    *(exp.RegexpLike, exp.RegexpExtract, exp.RegexpReplace, exp.StartsWith, exp.JSONExtractScalar),
)
SIGNS = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%",
}  # fmt: skip


def check_types(query: exp.Expr, sql: str) -> None:
    """Look at a query whose types are annotated; what is not known is let pass.

    Raises:
        QueryError: TYPE_MISMATCH, or FUNCTION_NOT_FOUND for a function of that name with those types.
    """
    for left, right, sign, node in _pairs(query):
        _check_pair(node, left, right, sign, sql)
    for pipe in query.find_all(exp.DPipe):
        if any(_category(side) in (NUMBER, MOMENT, TRUTH) for side in (pipe.this, pipe.expression)):
            raise _mismatch(pipe, pipe.this, pipe.expression, "||", sql)
    for function in query.find_all(*TEXT_FUNCTIONS):
        if _category(function.this) in (NUMBER, MOMENT, TRUTH):
            call = f"({_shown(function.this)}) for function {function.sql_name().lower()}"
            raise QueryError("FUNCTION_NOT_FOUND", f"{location(function, sql)}: Unexpected parameters {call}")
    for concat in query.find_all(exp.Concat):
        if any(_category(item) in (NUMBER, MOMENT, TRUTH) for item in concat.expressions):
            call = f"({', '.join(_shown(item) for item in concat.expressions)}) for function concat"
            raise QueryError("FUNCTION_NOT_FOUND", f"{location(concat, sql)}: Unexpected parameters {call}")
    for condition in _conditions(query):
        if _category(condition) in (TEXT, NUMBER, MOMENT):
            raise QueryError(
                "TYPE_MISMATCH",
                f"{location(condition, sql)}: WHERE clause must evaluate to a boolean: "
                f"actual type {_shown(condition)}",
            )


def _pairs(query: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr, str, exp.Expr]]:
    """What is compared or computed with what, by which sign."""
    for node in query.find_all(*COMPARISONS, *ARITHMETIC):
        yield node.this, node.expression, SIGNS[type(node)], node
    for between in query.find_all(exp.Between):
        for bound in ("low", "high"):
            yield between.this, between.args[bound], "BETWEEN", between
    for member in query.find_all(exp.In):
        for item in member.expressions:
            yield member.this, item, "IN", member


def _conditions(query: exp.Expr) -> Iterator[exp.Expr]:
    for node in query.find_all(exp.Where, exp.Having):
        yield node.this


def _check_pair(node: exp.Expr, left: exp.Expr, right: exp.Expr, sign: str, sql: str) -> None:
    sides = (_category(left), _category(right))
    if None in sides:
        return
    arithmetic = isinstance(node, ARITHMETIC)
    if sides[0] != sides[1] or (arithmetic and sides[0] in (TEXT, TRUTH)):
        raise _mismatch(node, left, right, sign, sql)


def _mismatch(node: exp.Expr, left: exp.Expr, right: exp.Expr, sign: str, sql: str) -> QueryError:
    return QueryError(
        "TYPE_MISMATCH",
        f"{location(node, sql)}: Cannot apply operator: {_shown(left)} {sign} {_shown(right)}",
    )


def _category(node: exp.Expr) -> str | None:
    """What a value is, as far as it is certain."""
    if isinstance(node, exp.Paren):
        return _category(node.this)
    if isinstance(node, exp.Subquery | exp.Query | exp.Interval | exp.Null | exp.Parameter):
        return None
    kind = node.type
    if kind is None:
        return None
    if kind.is_type(*exp.DataType.TEXT_TYPES):
        return TEXT
    if kind.is_type(*exp.DataType.NUMERIC_TYPES):
        return NUMBER
    if kind.is_type(*MOMENTS):
        return MOMENT
    return TRUTH if kind.is_type(exp.DType.BOOLEAN) else None


def _shown(node: exp.Expr) -> str:
    if isinstance(node, exp.Literal) and node.is_string:
        return f"varchar({len(node.name)})"
    kind = node.type
    return kind.sql(dialect="trino").lower() if kind is not None else "unknown"
