"""The types of exact arithmetic: what Trino makes of decimals, which sqlglot takes for doubles.

https://trino.io/docs/current/functions/decimal.html#arithmetic-operators
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from local_runtime.athena.parameters import DIALECT

MOST_DIGITS = 38
DIGITS_OF_INTEGERS = {
    exp.DType.TINYINT: 3,
    exp.DType.SMALLINT: 5,
    exp.DType.INT: 10,
    exp.DType.BIGINT: 19,
}


class Exact(NamedTuple):
    """An integer or a decimal."""

    precision: int
    scale: int
    is_decimal: bool


def exact_type(node: exp.Expr | None) -> Exact | None:
    """The exact type of an annotated expression; None for a double and for what is not known."""
    kind = node.type if node is not None else None
    if kind is None:
        return None
    if kind.this in DIGITS_OF_INTEGERS:
        return Exact(DIGITS_OF_INTEGERS[kind.this], 0, False)
    if kind.this != exp.DType.DECIMAL:
        return None
    numbers = [int(parameter.name) for parameter in kind.expressions]
    precision, scale = (*numbers, *(MOST_DIGITS, 0)[len(numbers) :])
    return Exact(precision, scale, True)


def quotient(left: Exact, right: Exact) -> Exact:
    scale = max(left.scale, right.scale)
    return _decimal(left.precision + right.scale + max(0, right.scale - left.scale), scale)


def expression_metadata() -> dict[Any, Any]:
    """sqlglot's ways to find a type, with ours for exact arithmetic."""
    own = Dialect.get_or_raise(DIALECT).EXPRESSION_METADATA
    operators = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
    return {
        **own,
        exp.Literal: {"annotator": _annotate_literal},
        exp.Sum: {"annotator": _annotate_sum},
        exp.Avg: {"annotator": _annotate_average},
        exp.Unnest: own[exp.Unnest],
        **{kind: {"annotator": _operator(own[kind]["annotator"])} for kind in operators},
    }


def _decimal(precision: int, scale: int) -> Exact:
    return Exact(min(MOST_DIGITS, precision), scale, True)


def _sum(left: Exact, right: Exact) -> Exact:
    scale = max(left.scale, right.scale)
    whole = max(left.precision - left.scale, right.precision - right.scale)
    return _decimal(whole + scale + 1, scale)


def _product(left: Exact, right: Exact) -> Exact:
    return _decimal(left.precision + right.precision, left.scale + right.scale)


def _remainder(left: Exact, right: Exact) -> Exact:
    scale = max(left.scale, right.scale)
    return _decimal(min(left.precision - left.scale, right.precision - right.scale) + scale, scale)


RESULTS: dict[type[exp.Expr], Callable[[Exact, Exact], Exact]] = {
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.Mul: _product,
    exp.Div: quotient,
    exp.Mod: _remainder,
}


def _operator(otherwise: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def annotate(annotator: Any, node: exp.Binary) -> exp.Expr:
        left, right = exact_type(node.left), exact_type(node.right)
        if left is not None and right is not None and (left.is_decimal or right.is_decimal):
            return _typed(annotator, node, RESULTS[type(node)](left, right))
        annotated: exp.Expr = otherwise(annotator, node)
        return annotated

    return annotate


def _annotate_literal(annotator: Any, node: exp.Literal) -> exp.Expr:
    """`1.50` is a decimal(3,2); only `1.5e0` is a double."""
    text = node.name
    if node.is_string or node.is_int or "e" in text.lower():
        annotated: exp.Expr = annotator._annotate_literal(node)
        return annotated
    whole, _, fraction = text.partition(".")
    digits = len(whole.lstrip("0")) + len(fraction)
    return _typed(annotator, node, Exact(max(digits, 1), len(fraction), True))


def _annotate_sum(annotator: Any, node: exp.Sum) -> exp.Expr:
    argument = exact_type(node.this)
    if argument is None:
        typed: exp.Expr = annotator._annotate_by_args(node, "this")
        return typed
    if not argument.is_decimal:
        bigint: exp.Expr = annotator._set_type(node, exp.DType.BIGINT)
        return bigint
    return _typed(annotator, node, Exact(MOST_DIGITS, argument.scale, True))


def _annotate_average(annotator: Any, node: exp.Avg) -> exp.Expr:
    argument = exact_type(node.this)
    if argument is not None and argument.is_decimal:
        return _typed(annotator, node, argument)
    double: exp.Expr = annotator._set_type(node, exp.DType.DOUBLE)
    return double


def _typed(annotator: Any, node: exp.Expr, exact: Exact) -> exp.Expr:
    kind = exp.DataType.build(f"decimal({exact.precision}, {exact.scale})", dialect=DIALECT)
    typed: exp.Expr = annotator._set_type(node, kind)
    return typed
