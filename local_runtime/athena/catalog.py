"""Every table that a query names -> where its rows are; views and FOR ... AS OF are resolved on the way.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-time-travel-and-version-travel-queries.html
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot
from sqlglot import exp

from local_runtime.athena.external_sources import ExternalSource, ParsedFiles, external_source
from local_runtime.athena.information_schema import INFORMATION_SCHEMA, information_schema_source
from local_runtime.athena.metadata_tables import metadata_source
from local_runtime.athena.names import CATALOG, TableName, location, table_name, tables_of
from local_runtime.athena.result import QueryError
from local_runtime.athena.sources import ArrowSource, FileIndex, ParquetSource, Source, table_source
from local_runtime.athena.views import view_query
from local_runtime.lakehouse.lakehouse import Lakehouse, TableNotFoundError

DEEPEST_VIEW = 20
Moment = Callable[[exp.Expr, str], Any]
"""The value of a constant expression of a query."""


class Catalog:
    """Finds tables; the file lists are kept until a table changes."""

    def __init__(self, lakehouse: Lakehouse, moment: Moment) -> None:
        self._lakehouse = lakehouse
        self._moment = moment
        self._lock = threading.Lock()
        self._sources: dict[TableName, tuple[str, Source]] = {}
        self._indexes: dict[tuple[str, str], FileIndex] = defaultdict(FileIndex)
        self._parsed = ParsedFiles()

    def resolve(self, query: exp.Query, sql: str, database: str | None) -> dict[TableName, Source]:
        """The sources of a query's tables; in the query, each table now stands with its full name.

        Raises:
            QueryError: there is no such table, database, catalog or snapshot.
        """
        for _ in range(DEEPEST_VIEW):
            if not self._expand_views(query, sql, database):
                break
        else:
            raise QueryError("VIEW_IS_RECURSIVE", f"line 1:1: a view refers to itself {DEEPEST_VIEW} deep")
        sources: dict[TableName, Source] = {}
        for table in tables_of(query):
            name = self._name(table, sql, database)
            if name not in sources:
                source = self._source(name, table, sql)
                if source is None:
                    raise self._not_found(name, table, sql)
                sources[name] = source
            _write_name(table, name)
        return sources

    def _expand_views(self, query: exp.Query, sql: str, database: str | None) -> bool:
        expanded = False
        for table in tables_of(query):
            name = table_name(table, database, sql)
            view = self._lakehouse.external.get(name.database, name.table)
            if view is not None and view.is_view:
                table.replace(exp.alias_(view_query(view).subquery(), table.alias_or_name, table=True))
                expanded = True
        return expanded

    def _name(self, table: exp.Table, sql: str, database: str | None) -> TableName:
        name = table_name(table, database, sql)
        version = table.args.get("version")
        if version is None:
            return name
        snapshot = self._snapshot_of(version, name, table, sql)
        return TableName(name.database, name.table, name.metadata, snapshot.snapshot_id)

    def _snapshot_of(self, version: exp.Expr, name: TableName, node: exp.Table, sql: str) -> Snapshot:
        table = self._iceberg(name)
        if table is None:
            external = self._lakehouse.external.get(name.database, name.table)
            if external is None:
                raise self._not_found(name, node, sql)
            raise QueryError(
                "NOT_SUPPORTED", f"{location(node, sql)}: This connector does not support versioned tables"
            )
        if version.name.upper() == "VERSION":
            return _snapshot_by_id(table, version.args["expression"], location(node, sql))
        moment = self._moment(version.args["expression"], sql)
        return _snapshot_at(table, moment, location(node, sql))

    def _source(self, name: TableName, node: exp.Table, sql: str) -> Source | None:
        if name.database == INFORMATION_SCHEMA:
            return information_schema_source(self._lakehouse, name.table)
        table = self._iceberg(name)
        if table is None:
            return self._external(name)
        if name.metadata:
            return metadata_source(table, name.metadata)
        return self._iceberg_source(name, table)

    def _iceberg(self, name: TableName) -> Table | None:
        try:
            return self._lakehouse.table(name.database, name.table)
        except TableNotFoundError:
            return None

    def _external(self, name: TableName) -> ExternalSource | ArrowSource | None:
        table = self._lakehouse.external.get(name.database, name.table)
        if table is None:
            return None
        return external_source(table, self._lakehouse, name.metadata, self._parsed)

    def _iceberg_source(self, name: TableName, table: Table) -> ArrowSource | ParquetSource:
        with self._lock:
            cached = self._sources.get(name)
            index = self._indexes[name.database, name.table]
        if cached is not None and cached[0] == table.metadata_location:
            return cached[1]  # type: ignore[return-value]
        if name.snapshot_id is None:
            source = table_source(table, self._lakehouse.objects, index, table.current_snapshot())
            with self._lock:
                self._sources[name] = (table.metadata_location, source)
            return source
        snapshot = table.snapshot_by_id(name.snapshot_id)
        return table_source(table, self._lakehouse.objects, FileIndex(), snapshot)

    def _not_found(self, name: TableName, table: exp.Table, sql: str) -> QueryError:
        where = location(table, sql)
        if name.database not in [*self._lakehouse.databases(), INFORMATION_SCHEMA]:
            return QueryError("SCHEMA_NOT_FOUND", f"{where}: Schema '{name.database}' does not exist")
        full = f"{CATALOG}.{name.database}.{table.name.lower()}"
        return QueryError("TABLE_NOT_FOUND", f"{where}: Table '{full}' does not exist")


def _write_name(table: exp.Table, name: TableName) -> None:
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
    this = exp.to_identifier(name.identifier, quoted=True)
    this.meta.update(table.this.meta)
    table.set("this", this)
    table.set("db", exp.to_identifier(name.database, quoted=True))
    table.set("catalog", exp.to_identifier(CATALOG, quoted=True))
    table.set("version", None)


def _snapshot_by_id(table: Table, expression: exp.Expr, where: str) -> Snapshot:
    text = expression.name
    reference = table.metadata.refs.get(text) if expression.is_string else None
    number = str(reference.snapshot_id) if reference is not None else text
    snapshot = table.snapshot_by_id(int(number)) if number.isdecimal() else None
    if snapshot is None:
        raise QueryError("INVALID_ARGUMENTS", f"{where}: Iceberg snapshot ID does not exists: {text}")
    return snapshot


def _snapshot_at(table: Table, moment: datetime, where: str) -> Snapshot:
    """The snapshot that was current at a moment."""
    millis = int(moment.timestamp() * 1000)
    entries = [entry for entry in table.metadata.snapshot_log if entry.timestamp_ms <= millis]
    snapshot = table.snapshot_by_id(entries[-1].snapshot_id) if entries else None
    if snapshot is None:
        shown = moment.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds")
        raise QueryError("INVALID_ARGUMENTS", f"{where}: No version history table at or before {shown}")
    return snapshot
