"""Trino functions that DuckDB lacks or gives another meaning, as macros; which names a query may call.

https://trino.io/docs/current/functions.html
A macro with typed parameters goes by DuckDB's own types, which are known where sqlglot's are not.
"""

from __future__ import annotations

from collections.abc import Iterable

SCHEME = "[A-Za-z][A-Za-z0-9+.-]*"
AUTHORITY = "(?:[^/?#@]*@)?"
HOST = r"(\[[^\]]*\]|[^/?#:]*)"

FAILED = "!"
"""Marks a message of ours in a conversion error: DuckDB's error() is volatile, and try() refuses it."""


def _fail(code: str, message: str, kind: str = "BIGINT") -> str:
    return f"CAST('{FAILED}{code}: ' || {message} AS {kind})"


def _invalid(message: str, kind: str = "BIGINT") -> str:
    return _fail("INVALID_FUNCTION_ARGUMENT", message, kind)


URLS = {
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
    "trino_url_encode(s)": "replace(replace(replace(url_encode(s), '%20', '+'), '~', '%7E'), '%2A', '*')",
    "trino_url_decode(s)": "url_decode(replace(s, '+', ' '))",
}
NUMBERS = {
    "e()": "exp(1)",
    "infinity()": "'Infinity'::DOUBLE",
    "nan()": "'NaN'::DOUBLE",
    "is_finite(x)": "isfinite(x)",
    "is_infinite(x)": "isinf(x)",
    "trino_rounded_quotient(n, d)": (
        "n // d + CASE WHEN abs(n % d) * 2 >= abs(d) THEN sign(n) * sign(d) ELSE 0 END"
    ),
    "trino_unscaled(x)": "CAST(replace(CAST(x AS VARCHAR), '.', '') AS HUGEINT)",
    "width_bucket(x, low, high, n)": (
        "CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 "
        "ELSE CAST(floor((x - low) / (high - low) * n) AS BIGINT) + 1 END"
    ),
    "from_base(s, radix)": (
        "list_reduce(list_transform(string_split(lower(s), ''), "
        "lambda c: CAST(strpos('0123456789abcdefghijklmnopqrstuvwxyz', c) - 1 AS BIGINT)), "
        "lambda total, digit: total * radix + digit)"
    ),
    "trino_to_base(x, radix)": "lower(to_base(x, radix))",
    "trino_mantissa(t)": "rtrim(ltrim(replace(split_part(t, 'e', 1), '.', ''), '0'), '0')",
    "trino_exponent(t)": (
        "coalesce(try_cast(nullif(split_part(t, 'e', 2), '') AS INTEGER), 0) + "
        "CASE WHEN split_part(split_part(t, 'e', 1), '.', 1) <> '0' "
        "THEN length(split_part(split_part(t, 'e', 1), '.', 1)) - 1 "
        "ELSE length(ltrim(split_part(split_part(t, 'e', 1), '.', 2), '0')) "
        "- length(split_part(split_part(t, 'e', 1), '.', 2)) - 1 END"
    ),
    "trino_double_text(d)": (
        "CASE WHEN isnan(d) THEN 'NaN' "
        "WHEN isinf(d) THEN CASE WHEN d > 0 THEN 'Infinity' ELSE '-Infinity' END "
        "WHEN d = 0 THEN '0.0E0' ELSE CASE WHEN d < 0 THEN '-' ELSE '' END || "
        "substr(trino_mantissa(CAST(abs(d) AS VARCHAR)), 1, 1) || '.' || "
        "coalesce(nullif(substr(trino_mantissa(CAST(abs(d) AS VARCHAR)), 2), ''), '0') || 'E' || "
        "trino_exponent(CAST(abs(d) AS VARCHAR)) END"
    ),
}
TEXTS = {
    "codepoint(s)": "ord(s)",
    "hamming_distance(a, b)": "hamming(a, b)",
    "trino_substr(s, p, n)": (
        "CASE WHEN p = 0 OR p > length(s) OR -p > length(s) OR n <= 0 THEN '' ELSE substr(s, p, n) END"
    ),
    "trino_split_part(s, d, n)": (
        "CASE WHEN n <= len(string_split(s, d)) THEN list_extract(string_split(s, d), "
        "CASE WHEN n < 1 THEN " + _invalid("'Index must be greater than zero'") + " ELSE n END) END"
    ),
    "trino_repeat(x, n)": "list_transform(range(n), lambda i: x)",
    "trino_normalize(s)": "nfc_normalize(s)",
    "regexp_count(s, p)": "len(regexp_extract_all(s, p))",
    "trino_split_to_map(s, d, kd)": (
        "map_from_entries(list_transform(string_split(s, d), "
        "lambda pair: {'k': split_part(pair, kd, 1), "
        "'v': pair[length(split_part(pair, kd, 1)) + length(kd) + 1:]}))"
    ),
}
MOMENTS = {
    "current_timezone()": "'UTC'",
    "to_iso8601(t)": (
        "CASE WHEN typeof(t) = 'DATE' THEN strftime(t, '%Y-%m-%d') "
        "WHEN typeof(t) = 'TIMESTAMP WITH TIME ZONE' THEN strftime(t, '%Y-%m-%dT%H:%M:%S.%gZ') "
        "ELSE strftime(t, '%Y-%m-%dT%H:%M:%S.%g') END"
    ),
    "millisecond(t)": "extract(millisecond FROM t) % 1000",
    "with_timezone(t, zone)": "timezone(zone, CAST(t AS TIMESTAMP))",
    "trino_from_iso8601(s)": (
        "coalesce(TRY_CAST(s AS TIMESTAMPTZ), CASE WHEN s IS NOT NULL THEN "
        + _invalid("'Invalid format: ' || s", "TIMESTAMPTZ")
        + " END)"
    ),
}
NESTED = {
    "arrays_overlap(a, b)": "list_has_any(a, b)",
    "trino_at(a, i)": (
        "list_extract(a, CASE WHEN i > len(a) THEN "
        + _invalid("'Array subscript must be less than or equal to array length: ' || i || ' > ' || len(a)")
        + " WHEN i = 0 THEN "
        + _invalid("'SQL array indices start at 1'")
        + " WHEN i < 0 THEN "
        + _invalid("'Array subscript is negative: ' || i")
        + " ELSE i END)"
    ),
    "trino_map_at(m, k)": (
        "list_extract(map_extract(m, k), CASE WHEN len(map_extract(m, k)) = 0 THEN "
        + _invalid("'Key not present in map: ' || k")
        + " ELSE 1 END)"
    ),
    "array_distinct(a)": (
        "list_filter(a, lambda x, i: coalesce(list_position(a, x), "
        "list_position(list_transform(a, lambda y: y IS NULL), true)) = i)"
    ),
    "array_union(a, b)": "array_distinct(list_concat(a, b))",
    "trino_array_position(a, x)": (
        "CASE WHEN a IS NOT NULL AND x IS NOT NULL THEN CAST(coalesce(list_position(a, x), 0) AS BIGINT) END"
    ),
    "trino_slice(a, p, n)": (
        "list_slice(a, CASE WHEN p < 0 THEN len(a) + p + 1 ELSE p END, "
        "CASE WHEN p < 0 THEN len(a) + p ELSE p - 1 END + n)"
    ),
    "zip(a, b)": "list_zip(a, b)",
    "map_agg(k, v)": (
        "map(list_distinct(list(k)), list_transform(list_distinct(list(k)), lambda key: "
        "list_extract(list(v) FILTER (k IS NOT NULL), "
        "list_position(list(k) FILTER (k IS NOT NULL), key))))"
    ),
    "multimap_agg(k, v)": (
        "map(list_distinct(list(k)), list_transform(list_distinct(list(k)), lambda key: list_transform("
        "list_filter(list({'k': k, 'v': v}), lambda pair: pair.k = key), lambda pair: pair.v)))"
    ),
    "every(x)": "bool_and(x)",
}
JSON = {
    "trino_json_scalar(j, p)": (
        "CASE WHEN json_valid(CAST(j AS VARCHAR)) AND json_type(j, p) NOT IN ('OBJECT', 'ARRAY', 'NULL') "
        "THEN json_extract_string(j, p) END"
    ),
    "trino_json_extract(j, p)": "CASE WHEN json_valid(CAST(j AS VARCHAR)) THEN json_extract(j, p) END",
    "json_array_contains(j, x)": "json_contains(j, to_json(x))",
    "json_array_get(j, i)": "json_extract(j, '$[' || CASE WHEN i < 0 THEN '#' ELSE '' END || i || ']')",
    "json_size(j, p)": (
        "CASE json_type(j, p) WHEN 'OBJECT' THEN len(json_keys(j, p)) "
        "WHEN 'ARRAY' THEN CAST(json_array_length(j, p) AS BIGINT) ELSE 0 END"
    ),
    "is_json_scalar(j)": "json_type(j) NOT IN ('OBJECT', 'ARRAY')",
}
MACROS = {**URLS, **NUMBERS, **TEXTS, **MOMENTS, **NESTED, **JSON}

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
TYPED = {
    "trino_divide": [
        *((f"a {kind}, b {kind}", "a // b") for kind in WHOLE),
        *((f"a {kind}, b {kind}", "a / b") for kind in ("FLOAT", "DOUBLE")),
    ],
    "trino_plus": [
        ("t DATE, i INTERVAL", "CAST(t + i AS DATE)"),
        *((f"t {kind}, i INTERVAL", "t + i") for kind in ("TIME", "TIMESTAMP", "TIMESTAMPTZ", "INTERVAL")),
    ],
    "trino_minus": [
        ("t DATE, i INTERVAL", "CAST(t - i AS DATE)"),
        *((f"t {kind}, i INTERVAL", "t - i") for kind in ("TIME", "TIMESTAMP", "TIMESTAMPTZ", "INTERVAL")),
    ],
    "trino_date_trunc": [
        ("unit, t DATE", "CAST(date_trunc(unit, t) AS DATE)"),
        *((f"unit, t {kind}", "date_trunc(unit, t)") for kind in ("TIMESTAMP", "TIMESTAMPTZ")),
    ],
    "trino_at_zone": [
        ("t TIMESTAMP, zone", "timezone(zone, CAST(t AS TIMESTAMPTZ))"),
        ("t TIMESTAMPTZ, zone", "timezone(zone, t)"),
    ],
    "trino_sequence": [
        ("a BIGINT, b BIGINT", "generate_series(a, b, CASE WHEN b >= a THEN 1 ELSE -1 END)"),
        ("a BIGINT, b BIGINT, step BIGINT", "generate_series(a, b, step)"),
        (
            "a DATE, b DATE",
            "list_transform(generate_series(a, b, INTERVAL 1 DAY), lambda x: CAST(x AS DATE))",
        ),
        (
            "a DATE, b DATE, step INTERVAL",
            "list_transform(generate_series(a, b, step), lambda x: CAST(x AS DATE))",
        ),
        ("a TIMESTAMP, b TIMESTAMP, step INTERVAL", "generate_series(a, b, step)"),
    ],
}
"""Name -> (parameters, body) of each overload."""

RENAMED = {
    "url_encode": "trino_url_encode",
    "url_decode": "trino_url_decode",
    "to_base": "trino_to_base",
    "array_position": "trino_array_position",
    "slice": "trino_slice",
    "at_timezone": "trino_at_zone",
}
"""Functions that DuckDB has too and means otherwise."""

SAME_IN_DUCKDB = frozenset(
    {
        "json_array_length",
        "map_values",
        "histogram",
        "geometric_mean",
        "map_concat",
        "map_entries",
        "map_from_entries",
    }
)
WITH_LAMBDAS = frozenset(
    {"any_match", "all_match", "none_match", "map_filter", "transform_values", "transform_keys"}
)
"""A macro cannot take a lambda: these are rewritten."""
WITH_PATTERNS = frozenset({"format_datetime"})

KNOWN = (
    SAME_IN_DUCKDB
    | WITH_LAMBDAS
    | WITH_PATTERNS
    | {"typeof"}
    | RENAMED.keys()
    | {signature.partition("(")[0] for signature in MACROS if not signature.startswith("trino_")}
)
"""What a query may call beyond the functions that sqlglot itself translates."""


def macro_statements() -> Iterable[str]:
    for signature, body in MACROS.items():
        yield f"CREATE MACRO {signature} AS {body}"
    for name, overloads in TYPED.items():
        bodies = ", ".join(f"({parameters}) AS {body}" for parameters, body in overloads)
        yield f"CREATE MACRO {name} {bodies}"
    yield f"CREATE MACRO trino_type(t) AS {_type_name()}"


def _type_name() -> str:
    """DuckDB's name of a type -> Trino's, also inside of arrays, maps and rows (three arrays deep)."""
    text = "lower(t)"
    element = r"((?:[a-z_ ]+|[a-z]+\([^()]*(?:\([^()]*\)[^()]*)*\)))"
    for _ in range(3):
        text = rf"regexp_replace({text}, '{element}\[\]', 'array(\1)', 'g')"
    for pattern, name in (
        ("timestamp with time zone", "timestamp(6) with time zone"),
        (r"timestamp($|,|\))", r"timestamp(6)\1"),
        (r"\bfloat\b", "real"),
        (r"\bblob\b", "varbinary"),
        (r"\b(hugeint|ubigint|uinteger)\b", "bigint"),
        (r"\b(struct|tuple)\(", "row("),
        ('"_[0-9]+" ', ""),
        ('^"null"$', "unknown"),
    ):
        text = f"regexp_replace({text}, '{pattern}', '{name}', 'g')"
    return text
