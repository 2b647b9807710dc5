"""The `Expression` of GetPartitions: comparisons of partition keys with values.

https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local_runtime.errors import AwsError

Row = Mapping[str, str]
Matches = Callable[[Row], bool]

_COMPARISONS: Mapping[type[exp.Expr], Callable[[Any, Any], bool]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
}
_NUMBERS = ("tinyint", "smallint", "int", "bigint", "long", "decimal")


def compile_expression(text: str, types: Mapping[str, str]) -> Matches:
    """A test of a partition's values by key; `types` are the keys' types in Hive's words.

    Raises:
        AwsError: InvalidInputException, Glue could not read it.
    """
    try:
        return _condition(sqlglot.parse_one(text, dialect="hive"), types)
    except (SqlglotError, ValueError) as error:
        message = f"Expression is not valid: {text!r}: {str(error).splitlines()[0]}"
        raise AwsError("InvalidInputException", message) from None


def _condition(node: exp.Expr, types: Mapping[str, str]) -> Matches:
    match node:
        case exp.Paren():
            return _condition(node.this, types)
        case exp.Not():
            inner = _condition(node.this, types)
            return lambda row: not inner(row)
        case exp.And() | exp.Or():
            left, right = _condition(node.left, types), _condition(node.right, types)
            if isinstance(node, exp.And):
                return lambda row: left(row) and right(row)
            return lambda row: left(row) or right(row)
        case exp.In() if node.expressions:
            key, values = _key(node.this, types), _values(node.expressions, node.this, types)
            return lambda row: key(row) in values
        case exp.Between():
            key = _key(node.this, types)
            low, high = _values([node.args["low"], node.args["high"]], node.this, types)
            return lambda row: bool(low <= key(row) <= high)
        case exp.Like():
            key = _key(node.this, types)
            pattern = re.compile(_pattern(node.expression.name), re.DOTALL)
            return lambda row: pattern.fullmatch(str(key(row))) is not None
        case exp.Binary() if type(node) in _COMPARISONS:
            compare, key = _COMPARISONS[type(node)], _key(node.left, types)
            (value,) = _values([node.right], node.left, types)
            return lambda row: compare(key(row), value)
    raise ValueError(f"{node.sql()} is no comparison of a partition key")


def _key(node: exp.Expr, types: Mapping[str, str]) -> Callable[[Row], Any]:
    name = node.name.lower()
    if not isinstance(node, exp.Column) or name not in types:
        raise ValueError(f"{node.sql()} is no partition key (there is {', '.join(types)})")
    if not types[name].startswith(_NUMBERS):
        return lambda row: row[name]
    return lambda row: _number(row[name])


def _number(value: str) -> float:
    """NaN for what is none, e.g. Hive's default partition: it compares with nothing."""
    try:
        return float(value)
    except ValueError:
        return math.nan


def _values(nodes: Sequence[exp.Expr], key: exp.Expr, types: Mapping[str, str]) -> list[Any]:
    texts = []
    for node in nodes:
        negative = isinstance(node, exp.Neg)
        literal = node.this if negative else node
        if not isinstance(literal, exp.Literal):
            raise ValueError(f"{node.sql()} is no value")
        texts.append(f"-{literal.name}" if negative else literal.name)
    return [float(text) for text in texts] if types[key.name.lower()].startswith(_NUMBERS) else texts


def _pattern(like: str) -> str:
    return "".join({"%": ".*", "_": "."}.get(character, re.escape(character)) for character in like)
