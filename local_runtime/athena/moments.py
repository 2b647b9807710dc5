"""Dates and times: whole units, dates that stay dates, zones, Java's patterns.

https://trino.io/docs/current/functions/datetime.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from local_runtime.athena.java_time import strftime_pattern
from local_runtime.athena.result import QueryError
from local_runtime.athena.trees import call, text

COMPARISONS = (exp.Predicate, exp.Between, exp.In)


def _date_diff(function: exp.Expr) -> exp.Expr:
    """Whole units that have passed; DuckDB's date_diff counts boundaries crossed, its date_sub the units."""
    unit = text(function.text("unit").lower() or "day")
    return call("date_sub", unit, function.expression, function.this)


def _date_add(function: exp.Expr) -> exp.Expr:
    amount, unit = function.expression, function.args.get("unit")
    name = "DAY" if unit is None else unit.name.upper()
    interval = exp.Interval(this=exp.paren(amount.copy()), unit=exp.var(name))
    return call("trino_plus", function.this, interval)


def _plus(addition: exp.Expr) -> exp.Expr:
    """A date plus days is a date; DuckDB makes it a timestamp."""
    left, right = addition.this, addition.expression
    if isinstance(right, exp.Interval) and not isinstance(left, exp.Interval):
        return call("trino_plus", left, right)
    if isinstance(left, exp.Interval) and not isinstance(right, exp.Interval):
        return call("trino_plus", right, left)
    return addition


def _minus(subtraction: exp.Expr) -> exp.Expr:
    if isinstance(subtraction.expression, exp.Interval) and not isinstance(subtraction.this, exp.Interval):
        return call("trino_minus", subtraction.this, subtraction.expression)
    return subtraction


def _truncate(function: exp.Expr) -> exp.Expr:
    return call("trino_date_trunc", text(function.text("unit").lower()), function.this)


def _at_zone(node: exp.Expr) -> exp.Expr:
    """The moment stays; what is taken from it (an hour, a date, a text) is the zone's.

    DuckDB's moments have no zone of their own: the local time stands for one, except where it is compared.
    """
    return _zoned(node, node.this, node.args["zone"])


def _at_timezone(node: exp.Expr) -> exp.Expr:
    moment, zone = node.expressions
    return _zoned(node, moment, zone)


def _zoned(node: exp.Expr, moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    if isinstance(node.parent, COMPARISONS):
        return moment.copy()
    return call("trino_at_zone", moment, zone)


def _from_iso8601(function: exp.Expr) -> exp.Expr:
    return call("trino_from_iso8601", function.this)


def _format_datetime(function: exp.Expr) -> exp.Expr:
    moment, pattern = function.expressions
    return call("strftime", moment, text(_java_pattern(pattern)))


def _parse_datetime(function: exp.Expr) -> exp.Expr:
    """Java's letters, and a zone."""
    pattern = function.args["format"]
    return call("timezone", text("UTC"), call("strptime", function.this, text(_java_pattern(pattern))))


def _java_pattern(pattern: exp.Expr) -> str:
    if not isinstance(pattern, exp.Literal):
        raise QueryError(
            "NOT_SUPPORTED", "the local run takes a date's pattern as a text, not as an expression"
        )
    return strftime_pattern(pattern.name)


def _extract(node: exp.Expr) -> exp.Expr:
    """Sunday is 7; DuckDB's is 0."""
    if node.name.lower() in ("dow", "dayofweek", "day_of_week"):
        return call("isodow", node.expression)
    return node


REWRITES: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.DateDiff: _date_diff,
    exp.DateAdd: _date_add,
    exp.Add: _plus,
    exp.Sub: _minus,
    exp.TimestampTrunc: _truncate,
    exp.DateTrunc: _truncate,
    exp.AtTimeZone: _at_zone,
    exp.FromISO8601Timestamp: _from_iso8601,
    exp.ParseDatetime: _parse_datetime,
    exp.Extract: _extract,
}
FUNCTIONS: Mapping[str, Callable[[exp.Expr], exp.Expr]] = {
    "format_datetime": _format_datetime,
    "at_timezone": _at_timezone,
}
