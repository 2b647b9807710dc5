"""Numbers: exact division, sums that stay bigint, averages that stay decimal, half up.

https://trino.io/docs/current/functions/math.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from local_runtime.athena.decimal_types import MOST_DIGITS, Exact, exact_type, quotient
from local_runtime.athena.trees import around_aggregate, call, cast, number

DOUBLES = (exp.DType.DOUBLE, exp.DType.FLOAT)


def _divide(division: exp.Expr) -> exp.Expr:
    """Integers towards zero, decimals to the larger scale; where the type is not known, DuckDB's decides."""
    left, right = exact_type(division.this), exact_type(division.expression)
    if left is not None and right is not None:
        if left.is_decimal or right.is_decimal:
            return _divide_decimals(division, left, right)
        return exp.IntDiv(this=division.this.copy(), expression=division.expression.copy())
    if division.this.is_type(*DOUBLES) or division.expression.is_type(*DOUBLES):
        return division
    return call("trino_divide", division.this, division.expression)


def _divide_decimals(division: exp.Expr, left: Exact, right: Exact) -> exp.Expr:
    """On the integers without their points, rounded half up."""
    result = quotient(left, right)
    shift = result.scale - left.scale + right.scale
    dividend = exp.Mul(this=_unscaled(division.this, left), expression=cast(number(10**shift), "HUGEINT"))
    whole = call("trino_rounded_quotient", dividend, _unscaled(division.expression, right))
    if result.scale == 0:
        return cast(whole, f"DECIMAL({result.precision}, 0)")
    unit = cast(
        exp.Literal.string(f"0.{'1'.rjust(result.scale, '0')}"),
        f"DECIMAL({result.scale + 1}, {result.scale})",
    )
    scaled = exp.Mul(this=cast(whole, f"DECIMAL({MOST_DIGITS - 1 - result.scale}, 0)"), expression=unit)
    return cast(exp.paren(scaled), f"DECIMAL({result.precision}, {result.scale})")


def _unscaled(value: exp.Expr, kind: Exact) -> exp.Expr:
    if not kind.is_decimal:
        return cast(value, "HUGEINT")
    return call("trino_unscaled", cast(value, f"DECIMAL({kind.precision}, {kind.scale})"))


def _sum(node: exp.Expr) -> exp.Expr:
    """A sum of integers is a bigint; DuckDB's is wider."""
    kind = exact_type(node.this)
    return _cast_aggregate(node, "BIGINT") if kind is not None and not kind.is_decimal else node


def _average(node: exp.Expr) -> exp.Expr:
    kind = exact_type(node.this)
    if kind is None or not kind.is_decimal:
        return node
    return _cast_aggregate(node, f"DECIMAL({kind.precision}, {kind.scale})")


def _cast_aggregate(node: exp.Expr, kind: str) -> exp.Expr:
    """Put the cast around FILTER and OVER, which belong to the aggregate."""
    whole = around_aggregate(node)
    if whole is node:
        return cast(node, kind)
    copy = cast(whole, kind)
    copy.type = whole.type
    whole.replace(copy)
    return node


def _count_if(function: exp.Expr) -> exp.Expr:
    """Over no rows it is 0; DuckDB's gives NULL."""
    return exp.Count(this=exp.Case().when(function.this.copy(), number(1)))


def _value_of_extreme(function: exp.Expr) -> exp.Expr:
    """min_by(x, y) gives the x of the least y even where it is NULL; DuckDB's passes that row over."""
    if function.args.get("count") is not None:
        return function
    name = "arg_min_null" if isinstance(function, exp.ArgMin) else "arg_max_null"
    return call(name, function.this, function.expression)


def _quantile(function: exp.Expr) -> exp.Expr:
    """Of integers it is one of them; DuckDB's lies between."""
    quantile = function.args["quantile"]
    kind = exact_type(function.this)
    if function.args.get("weight") is not None:
        return function
    several = isinstance(quantile, exp.Array)
    if kind is not None and not kind.is_decimal:
        return cast(call("quantile_disc", function.this, quantile), "BIGINT[]" if several else "BIGINT")
    return call("quantile_cont", function.this, quantile) if several else function


def _cast(node: exp.Expr) -> exp.Expr:
    """Doubles become integers half up, and texts in scientific notation; JSON texts lose their quotes."""
    assert isinstance(node, exp.Cast)
    value, kind = node.this, node.to
    if value.is_type(*DOUBLES):
        if kind.this in exp.DataType.INTEGER_TYPES:
            changed = node.copy()
            changed.set("this", call("round", value))
            return changed
        if kind.this in exp.DataType.TEXT_TYPES:
            return call("trino_double_text", value)
    if value.is_type(exp.DType.JSON) and kind.this in exp.DataType.TEXT_TYPES:
        return call("json_extract_string", value, exp.Literal.string("$"))
    if kind.this == exp.DType.JSON and not value.is_type(exp.DType.JSON):
        return call("to_json", value)
    return node


REWRITES: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Div: _divide,
    exp.Sum: _sum,
    exp.Avg: _average,
    exp.CountIf: _count_if,
    exp.ArgMin: _value_of_extreme,
    exp.ArgMax: _value_of_extreme,
    exp.ApproxQuantile: _quantile,
    exp.Cast: _cast,
    exp.TryCast: _cast,
}
