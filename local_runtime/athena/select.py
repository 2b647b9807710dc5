"""SELECT: find the tables, translate the query, let DuckDB run it on the current files.

https://docs.aws.amazon.com/athena/latest/ug/select.html
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping

import duckdb
from sqlglot import exp

from local_runtime.athena.duck import open_database, query_error
from local_runtime.athena.metadata_tables import metadata_source
from local_runtime.athena.names import TableName, location, table_name, tables_of
from local_runtime.athena.result import Column, QueryError, QueryResult, Statistics
from local_runtime.athena.sources import FileIndex, Source, table_source
from local_runtime.athena.statements import Statement
from local_runtime.athena.translate import Translation, check_functions, translate
from local_runtime.athena.types import result_type
from local_runtime.lakehouse.lakehouse import Lakehouse, TableNotFoundError


class SelectInterpreter:
    """Runs queries, each on its own cursor of one DuckDB; the file lists are kept until a table changes."""

    def __init__(self, lakehouse: Lakehouse) -> None:
        self._lakehouse = lakehouse
        self._database = open_database(lakehouse.objects.root)
        self._lock = threading.Lock()
        self._sources: dict[TableName, tuple[str, Source]] = {}
        self._indexes: dict[TableName, FileIndex] = defaultdict(FileIndex)

    def __call__(self, statement: Statement, database: str | None) -> QueryResult:
        started = time.perf_counter()
        query = statement.parse()
        check_functions(query, statement.sql)
        sources = self._find_sources(query, statement.sql, database)
        translation = translate(query, statement.sql, database, sources)
        columns, rows = self._run(translation, sources)
        statistics = Statistics(
            data_scanned_in_bytes=sum(source.scanned_bytes for source in sources.values()),
            execution_time_in_millis=round((time.perf_counter() - started) * 1000),
        )
        return QueryResult(columns, rows, statistics)

    def _find_sources(self, query: exp.Query, sql: str, database: str | None) -> dict[TableName, Source]:
        sources: dict[TableName, Source] = {}
        for table in tables_of(query):
            name = table_name(table, database, sql)
            if name not in sources:
                source = self._source(name)
                if source is None:
                    raise self._not_found(name, table, sql)
                sources[name] = source
        return sources

    def _source(self, name: TableName) -> Source | None:
        try:
            table = self._lakehouse.table(name.database, name.table)
        except TableNotFoundError:
            return None
        if name.metadata:
            return metadata_source(table, name.metadata)
        with self._lock:
            cached = self._sources.get(name)
            index = self._indexes[name]
        if cached is not None and cached[0] == table.metadata_location:
            return cached[1]
        source = table_source(table, self._lakehouse.objects, index)
        with self._lock:
            self._sources[name] = (table.metadata_location, source)
        return source

    def _not_found(self, name: TableName, table: exp.Table, sql: str) -> QueryError:
        where = location(table, sql)
        if name.database not in self._lakehouse.databases():
            return QueryError("SCHEMA_NOT_FOUND", f"{where}: Schema '{name.database}' does not exist")
        full = ".".join(("awsdatacatalog", name.database, table.name.lower()))
        return QueryError("TABLE_NOT_FOUND", f"{where}: Table '{full}' does not exist")

    def _run(
        self, translation: Translation, sources: Mapping[TableName, Source]
    ) -> tuple[list[Column], list[tuple[object, ...]]]:
        files: dict[str, list[str]] = {}
        with self._database.cursor() as cursor:
            for parameter, name in translation.parameters.items():
                source = sources[name]
                if source.arrow is not None:
                    cursor.register(parameter, source.arrow)
                else:
                    files[parameter] = list(source.files)
            try:
                cursor.execute(translation.sql, files)
                columns = [
                    Column(translation.column_name(description[0], index), result_type(description[1]))
                    for index, description in enumerate(cursor.description)
                ]
                return columns, cursor.fetchall()
            except duckdb.Error as error:
                raise query_error(error) from error
