"""The DuckDB that runs the queries: it reads the run's own buckets and nothing else.

https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from local_runtime.athena.functions import FAILED, macro_statements
from local_runtime.athena.result import QueryError

SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET python_enable_replacements = false",
    "SET parquet_metadata_cache = true",  # the files never change
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)

CODES: tuple[tuple[type[duckdb.Error], str], ...] = (
    (duckdb.ConversionException, "INVALID_CAST_ARGUMENT"),
    (duckdb.OutOfRangeException, "NUMERIC_VALUE_OUT_OF_RANGE"),
    (duckdb.CatalogException, "FUNCTION_NOT_FOUND"),
    (duckdb.BinderException, "TYPE_MISMATCH"),
    (duckdb.ParserException, "SYNTAX_ERROR"),
    (duckdb.InvalidInputException, "INVALID_FUNCTION_ARGUMENT"),
    (duckdb.OutOfMemoryException, "EXCEEDED_LOCAL_MEMORY_LIMIT"),
)
OWN_ERROR = re.compile(rf"[\"']{FAILED}(?P<code>[A-Z_]+): (?P<message>[^\"]*?)['\"]( to \w+|, expected.*)")

NO_FUNCTION = re.compile(r"Catalog Error: \w+ Function with name \"?(?P<name>\w+)\"? does not exist")


def open_database(readable: Path) -> duckdb.DuckDBPyConnection:
    """An empty database with Trino's functions; only files below `readable` can be read."""
    connection = duckdb.connect(":memory:")
    for statement in macro_statements():
        connection.execute(statement)
    escaped = str(readable).replace("'", "''")
    connection.execute(f"SET allowed_directories = ['{escaped}']")
    for statement in SETTINGS:
        connection.execute(statement)
    return connection


def query_error(error: duckdb.Error) -> QueryError:
    """DuckDB's complaint with Athena's code."""
    message = str(error).splitlines()[0]
    own = OWN_ERROR.search(message)
    if own is not None:
        return QueryError(own["code"], own["message"])
    if "Division by zero" in message:
        return QueryError("DIVISION_BY_ZERO", "Division by zero")
    if "must appear in the GROUP BY clause" in message:
        column = message.partition('"')[2].partition('"')[0]
        return QueryError(
            "EXPRESSION_NOT_AGGREGATE",
            f"'{column}' must be an aggregate expression or appear in GROUP BY clause",
        )
    unknown = NO_FUNCTION.search(message)
    if unknown is not None:
        return QueryError("FUNCTION_NOT_FOUND", f"Function '{unknown['name']}' not registered")
    for kind, code in CODES:
        if isinstance(error, kind):
            return QueryError(code, message.partition(": ")[2] or message)
    return QueryError("GENERIC_INTERNAL_ERROR", message)
