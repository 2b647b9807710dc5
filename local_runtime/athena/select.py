"""SELECT: find the tables, translate the query, let DuckDB run it on the current files.

https://docs.aws.amazon.com/athena/latest/ug/select.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection
from duckdb.sqltypes import DuckDBPyType
from sqlglot import exp

from local_runtime.athena.catalog import Catalog
from local_runtime.athena.duck import open_database, query_error
from local_runtime.athena.execution import Execution
from local_runtime.athena.external_sources import ExternalSource
from local_runtime.athena.pruning import Need
from local_runtime.athena.result import Column, QueryError, QueryResult, Statistics
from local_runtime.athena.sources import Source
from local_runtime.athena.statements import Statement
from local_runtime.athena.translate import Translation, check_functions, translate
from local_runtime.athena.types import result_type
from local_runtime.lakehouse.lakehouse import Lakehouse

T = TypeVar("T")
Described = list[tuple[str, DuckDBPyType]]
"""The result's columns as DuckDB has them."""
Fetch = Callable[[DuckDBPyConnection, str, dict[str, Any]], tuple[Described, T]]


@dataclass(frozen=True)
class Answer:
    """A query's rows as Arrow has them, for the statements that write them somewhere."""

    columns: list[Column]
    rows: pa.Table
    scanned_bytes: int


class QueryRunner:
    """Runs queries, each on its own cursor of one DuckDB."""

    def __init__(self, lakehouse: Lakehouse) -> None:
        self._database = open_database(lakehouse.objects.root)
        self._catalog = Catalog(lakehouse, self._moment)

    def rows(self, query: exp.Query, sql: str, execution: Execution) -> QueryResult:
        """Run a query that was parsed from `sql`."""
        columns, rows, scanned = self._query(query, sql, execution, _fetch_rows)
        return QueryResult(columns, rows, Statistics(scanned))

    def arrow(self, query: exp.Query, sql: str, execution: Execution) -> Answer:
        """The same, for a statement that writes the rows somewhere."""
        return Answer(*self._query(query, sql, execution, _fetch_arrow))

    def duckdb(self, sql: str, values: dict[str, Any], tables: dict[str, pa.Table]) -> pa.Table:
        """Run DuckDB's own SQL over Arrow tables and files: for this package, never for a client."""
        with self._database.cursor() as cursor:
            for name, table in tables.items():
                cursor.register(name, table)
            try:
                return _fetch_arrow(cursor, sql, values)[1]
            except duckdb.Error as error:
                raise query_error(error) from error

    def _query(
        self, query: exp.Query, sql: str, execution: Execution, fetch: Fetch[T]
    ) -> tuple[list[Column], T, int]:
        check_functions(query, sql)
        sources = self._catalog.resolve(query, sql, execution.database)
        translation = translate(query, sql, execution.database, sources, self._narrow)
        scanned = sum(source.scanned_bytes for source in translation.sources.values())
        execution.check_scan(scanned)
        columns, rows = self._run(translation, execution, fetch)
        return columns, rows, scanned

    def _narrow(self, source: Source, need: Need) -> Source:
        return source.narrowed(need, self._numbers) if isinstance(source, ExternalSource) else source

    def _numbers(self, sql: str, tables: Mapping[str, pa.Table]) -> set[int] | None:
        try:
            return set(self.duckdb(sql, {}, dict(tables)).column(0).to_pylist())
        except QueryError:  # the query itself will say what is wrong
            return None

    def _run(self, translation: Translation, execution: Execution, fetch: Fetch[T]) -> tuple[list[Column], T]:
        values: dict[str, Any] = {}
        with self._database.cursor() as cursor, execution.cancellation.interrupting(cursor.interrupt):
            for parameter, source in translation.sources.items():
                values.update(source.values(parameter))
                for name, table in source.tables(parameter, translation.hidden).items():
                    cursor.register(name, table)
            try:
                described, rows = fetch(cursor, translation.sql, values)
            except duckdb.Error as error:
                execution.cancellation.check()
                raise query_error(error) from error
        columns = [
            Column(translation.column_name(name, index), result_type(kind))
            for index, (name, kind) in enumerate(described)
        ]
        return columns, rows

    def _moment(self, expression: exp.Expr, sql: str) -> Any:
        """The value of FOR TIMESTAMP AS OF's expression."""
        query = exp.select(exp.cast(expression.copy(), "timestamp with time zone", dialect="trino"))
        return self.rows(query, sql, Execution()).rows[0][0]


def select_interpreter(runner: QueryRunner) -> Callable[[Statement, Execution], QueryResult]:
    return lambda statement, execution: runner.rows(statement.query(), statement.sql, execution)


def _fetch_rows(
    cursor: DuckDBPyConnection, sql: str, values: dict[str, Any]
) -> tuple[Described, list[tuple[Any, ...]]]:
    cursor.execute(sql, values)
    return [(item[0], item[1]) for item in cursor.description or ()], cursor.fetchall()


def _fetch_arrow(cursor: DuckDBPyConnection, sql: str, values: dict[str, Any]) -> tuple[Described, pa.Table]:
    relation = cursor.sql(sql, params=values)
    return list(zip(relation.columns, relation.types, strict=True)), relation.to_arrow_table()
