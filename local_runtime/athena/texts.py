"""Texts, patterns and JSON.

https://trino.io/docs/current/functions/string.html
https://trino.io/docs/current/functions/json.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sqlglot import exp

from local_runtime.athena.trees import call, cast, number, text

REST = 2**31 - 1
"""More characters than a text has."""
BRACKETED_KEY = re.compile(r"\[[\"']([^\"']+)[\"']\]")


def _substring(function: exp.Expr) -> exp.Expr:
    """Nothing lies at place 0 nor before the start."""
    length = function.args.get("length")
    start = function.args.get("start")
    return call(
        "trino_substr",
        function.this,
        number(1) if start is None else start,
        number(REST) if length is None else length,
    )


def _split_part(function: exp.Expr) -> exp.Expr:
    """NULL beyond the last part."""
    return call("trino_split_part", function.this, function.args["delimiter"], function.args["part_index"])


def _regexp_extract(function: exp.Expr) -> exp.Expr:
    """NULL where the pattern does not match; DuckDB gives an empty text."""
    matches = exp.RegexpLike(this=function.this.copy(), expression=function.expression.copy())
    return exp.Case().when(matches, function.copy())


def _regexp_replace(function: exp.Expr) -> exp.Expr:
    """Groups are `$1`; DuckDB's are `\\1`."""
    replacement = function.args.get("replacement")
    if isinstance(replacement, exp.Literal):
        written = replacement.name.replace("\\$", "\0")
        function.set("replacement", text(re.sub(r"\$(\d)", r"\\\1", written).replace("\0", "$")))
    return function


def _repeat(function: exp.Expr) -> exp.Expr:
    return call("trino_repeat", function.this, function.args["times"])


def _normalize(function: exp.Expr) -> exp.Expr:
    return call("trino_normalize", function.this)


def _format(function: exp.Expr) -> exp.Expr:
    """Java's format is C's for what is usual; `%s` takes any type."""
    pattern, *values = function.this, *function.expressions
    kinds = re.findall(r"%[-+ 0,#]*\d*(?:\.\d+)?([a-zA-Z%])", pattern.name)
    wanted = [kind for kind in kinds if kind not in "%n"]
    converted = [
        cast(value, "VARCHAR") if kind in "sS" else value for kind, value in zip(wanted, values, strict=False)
    ]
    return call("printf", pattern, *converted)


def _split_to_map(function: exp.Expr) -> exp.Expr:
    return call(
        "trino_split_to_map", function.this, function.args["pair_delim"], function.args["key_value_delim"]
    )


def _json_extract(function: exp.Expr) -> exp.Expr:
    return call("trino_json_extract", function.this, _json_path(function.expression))


def _json_extract_scalar(function: exp.Expr) -> exp.Expr:
    """NULL for an object or array, and for what is no JSON."""
    return call("trino_json_scalar", function.this, _json_path(function.expression))


def _json_path(path: exp.Expr) -> exp.Expr:
    """`$['key']` is `$."key"` in DuckDB."""
    written = path.sql(dialect="trino").strip("'") if isinstance(path, exp.JSONPath) else path.name
    if isinstance(path, exp.Literal | exp.JSONPath):
        return text(BRACKETED_KEY.sub(r'."\1"', written))
    return path


def _type_name(function: exp.Expr) -> exp.Expr:
    return call("trino_type", call("typeof", function.this))


REWRITES: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Substring: _substring,
    exp.SplitPart: _split_part,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpReplace: _regexp_replace,
    exp.Repeat: _repeat,
    exp.Normalize: _normalize,
    exp.Format: _format,
    exp.StrToMap: _split_to_map,
    exp.JSONExtract: _json_extract,
    exp.JSONExtractScalar: _json_extract_scalar,
    exp.Typeof: _type_name,
}
