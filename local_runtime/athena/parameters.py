"""`?` in a statement, and the execution parameters that stand for them.

https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.trino import Trino
from sqlglot.errors import SqlglotError

from local_runtime.athena.result import QueryError

DIALECT = "athena"


def _query_dialect() -> Dialect:
    """Athena's queries are Trino's; an index stays as it is written, whatever its type."""
    dialect = Trino()
    dialect.INDEX_OFFSET = 0
    return dialect


QUERY_DIALECT = _query_dialect()


def bind_parameters(sql: str, parameters: Sequence[str]) -> str:
    """The statement with an expression in the place of each `?`, in order.

    Raises:
        QueryError: there are more or fewer parameters than `?`, or one is no value.
    """
    places = _places(sql) if "?" in sql else []
    if len(places) != len(parameters):
        raise QueryError(
            "INVALID_PARAMETER_USAGE",
            f"line 1:1: Incorrect number of parameters: expected {len(places)} but found {len(parameters)}",
        )
    pieces, end = [], 0
    for number, ((start, after), text) in enumerate(zip(places, parameters, strict=True), start=1):
        pieces += [sql[end:start], _value(text, number)]
        end = after
    return "".join([*pieces, sql[end:]])


def _places(sql: str) -> list[tuple[int, int]]:
    """Where each `?` starts, and where the text goes on after it."""
    try:
        tokens = sqlglot.tokenize(sql, read=QUERY_DIALECT)
    except SqlglotError:  # the parser says what is wrong, and where
        return []
    return [(token.start, token.end + 1) for token in tokens if token.token_type.name == "PLACEHOLDER"]


def _value(text: str, number: int) -> str:
    try:
        value = sqlglot.parse_one(text, read=QUERY_DIALECT)
    except SqlglotError as error:
        raise QueryError("SYNTAX_ERROR", f"parameter {number} is no expression: {text!r}") from error
    if value.find(exp.Column, exp.Query, exp.Placeholder, exp.Table, exp.Command) is not None:
        raise QueryError(
            "INVALID_PARAMETER_USAGE",
            f"parameter {number} must be a value (got {text!r}); a string is written in single quotes",
        )
    return text if isinstance(value, exp.Literal) else f"({text})"
