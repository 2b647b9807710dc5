"""Trino functions that DuckDB lacks, as macros, and the ones that both have under the same name and meaning.

https://trino.io/docs/current/functions/url.html
"""

from __future__ import annotations

SCHEME = "[A-Za-z][A-Za-z0-9+.-]*"
AUTHORITY = "(?:[^/?#@]*@)?"
HOST = r"(\[[^\]]*\]|[^/?#:]*)"

MACROS = {
    "url_extract_protocol(u)": f"nullif(regexp_extract(u, '^({SCHEME}):', 1), '')",
    "url_extract_host(u)": f"nullif(regexp_extract(u, '^{SCHEME}://{AUTHORITY}{HOST}', 1), '')",
    "url_extract_port(u)": (
        f"try_cast(nullif(regexp_extract(u, '^{SCHEME}://{AUTHORITY}{HOST}:([0-9]+)', 2), '') AS BIGINT)"
    ),
    "url_extract_path(u)": f"regexp_extract(u, '^(?:{SCHEME}:)?(?://[^/?#]*)?([^?#]*)', 1)",
    "url_extract_query(u)": r"nullif(regexp_extract(u, '^[^?#]*\?([^#]*)', 1), '')",
    "url_extract_fragment(u)": "nullif(regexp_extract(u, '#(.*)$', 1), '')",
    "url_extract_parameter(u, p)": (
        "CASE WHEN list_contains(list_transform(string_split(url_extract_query(u), '&'), "
        "lambda pair: url_decode(replace(split_part(pair, '=', 1), '+', ' '))), p) "
        "THEN url_decode(replace(regexp_extract(list_filter(string_split(url_extract_query(u), '&'), "
        "lambda pair: url_decode(replace(split_part(pair, '=', 1), '+', ' ')) = p)[1], '^[^=]*=(.*)$', 1), "
        "'+', ' ')) END"
    ),
    "to_iso8601(t)": (
        "CASE WHEN typeof(t) = 'DATE' THEN strftime(t, '%Y-%m-%d') "
        "WHEN typeof(t) = 'TIMESTAMP WITH TIME ZONE' THEN strftime(t, '%Y-%m-%dT%H:%M:%S.%gZ') "
        "ELSE strftime(t, '%Y-%m-%dT%H:%M:%S.%g') END"
    ),
    "e()": "exp(1)",
    "infinity()": "'Infinity'::DOUBLE",
    "nan()": "'NaN'::DOUBLE",
    "is_finite(x)": "isfinite(x)",
    "every(x)": "bool_and(x)",
    "codepoint(s)": "ord(s)",
    "arrays_overlap(a, b)": "list_has_any(a, b)",
}

SAME_IN_DUCKDB = frozenset({"json_array_length", "map_values", "histogram", "geometric_mean"})

KNOWN = SAME_IN_DUCKDB | {signature.partition("(")[0] for signature in MACROS}
"""What a query may call beyond the functions that sqlglot itself translates."""


def macro_statements() -> list[str]:
    return [f"CREATE MACRO {signature} AS {body}" for signature, body in MACROS.items()]
