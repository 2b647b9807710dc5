"""CREATE and DROP of databases, tables and views; MSCK REPAIR TABLE.

https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
"""

from __future__ import annotations

import re

from sqlglot import exp

from local_runtime.athena.execution import Execution
from local_runtime.athena.names import TableName
from local_runtime.athena.result import QueryError, QueryResult, done, texts
from local_runtime.athena.select import QueryRunner
from local_runtime.athena.statements import Statement
from local_runtime.athena.tables import check_database, exists, external_table, find_table
from local_runtime.athena.views import view_input
from local_runtime.athena.words import Words
from local_runtime.lakehouse.external_tables import ExternalTable, Values
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.lakehouse.object_keys import split_uri

VIEW_HEAD = re.compile(r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?VIEW\b", re.IGNORECASE)


class Databases:
    """One method a statement."""

    def __init__(self, lakehouse: Lakehouse, runner: QueryRunner) -> None:
        self._lakehouse = lakehouse
        self._runner = runner

    def create_database(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.expect("CREATE")
        words.take()  # DATABASE or SCHEMA
        if_not_exists = words.accept("IF", "NOT", "EXISTS")
        name = words.name()
        while not words.is_at_end:
            if words.accept("COMMENT") or words.accept("LOCATION"):
                words.string()
            elif words.accept("WITH", "DBPROPERTIES"):
                words.properties()
            else:
                raise words.error("COMMENT, LOCATION or WITH DBPROPERTIES")
        if name in self._lakehouse.databases() and not if_not_exists:
            raise QueryError("SCHEMA_ALREADY_EXISTS", f"Schema '{name}' already exists")
        self._lakehouse.create_database(name)
        return done()

    def drop_database(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.expect("DROP")
        words.take()
        if_exists = words.accept("IF", "EXISTS")
        name = words.name()
        cascade = words.accept("CASCADE")
        words.accept("RESTRICT")
        words.expect_end()
        if name not in self._lakehouse.databases():
            if if_exists:
                return done()
            check_database(self._lakehouse, name)
        tables = self._lakehouse.tables(name)
        if tables and not cascade:
            raise QueryError("SCHEMA_NOT_EMPTY", f"Schema '{name}' is not empty: it has {', '.join(tables)}")
        for table in tables:
            self._drop(TableName(name, table))
        self._lakehouse.drop_database(name)
        return done()

    def drop_table(self, statement: Statement, execution: Execution) -> QueryResult:
        """DROP TABLE and DROP VIEW."""
        words = Words(statement.sql)
        words.expect("DROP")
        views = words.take().text.upper() == "VIEW"
        if_exists = words.accept("IF", "EXISTS")
        name = words.table(execution.database)
        words.expect_end()
        if if_exists and not exists(self._lakehouse, name):
            return done()
        table = find_table(self._lakehouse, name)
        is_view = isinstance(table, ExternalTable) and table.is_view
        if is_view != views:
            found, word = ("view", "VIEW") if is_view else ("table", "TABLE")
            raise QueryError(
                "GENERIC_USER_ERROR",
                f"{name.database}.{name.table} is a {found}, use DROP {word}",
            )
        self._drop(name)
        return done()

    def _drop(self, name: TableName) -> None:
        """An Iceberg table goes with its files, an external one without, as in Athena."""
        if self._lakehouse.external.get(name.database, name.table) is not None:
            self._lakehouse.external.delete(name.database, name.table)
        else:
            self._lakehouse.drop_table(name.database, name.table)

    def create_view(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.expect("CREATE")
        replace = words.accept("OR", "REPLACE")
        words.expect("VIEW")
        name = words.table(execution.database)
        words.expect("AS")
        check_database(self._lakehouse, name.database)
        known = self._lakehouse.external.get(name.database, name.table)
        if exists(self._lakehouse, name) and not (replace and known is not None and known.is_view):
            raise QueryError("ALREADY_EXISTS", f"View already exists: '{name.database}.{name.table}'")
        query = statement.query(words.position)
        described = exp.select("*").from_(query.subquery("described")).limit(0)
        columns = self._runner.rows(described, statement.sql, execution).columns
        text = statement.sql[words.position :].strip().rstrip(";")
        self._lakehouse.external.put(name.database, view_input(name.table, text, columns, execution.database))
        return done()

    def repair_table(self, statement: Statement, execution: Execution) -> QueryResult:
        """MSCK REPAIR TABLE: register the folders `key=value/...` that are there and not known yet."""
        words = Words(statement.sql)
        words.expect("MSCK", "REPAIR", "TABLE")
        name = words.table(execution.database)
        words.expect_end()
        table = external_table(self._lakehouse, name, "MSCK REPAIR TABLE")
        known = self._lakehouse.external.partitions(table)
        found = self._folders(table)
        added = {values: location for values, location in found.items() if values not in known}
        self._lakehouse.external.add_partitions(table, added)
        shown = [location.removeprefix(table.location).lstrip("/") for location in added.values()]
        named = "\t".join(f"{table.name}:{item}" for item in shown)
        lines = [f"Partitions not in metastore:\t{named}"]
        lines += [f"Repair: Added partition to metastore {table.name}:{item}" for item in shown]
        return texts(lines if added else [], "result")

    def _folders(self, table: ExternalTable) -> dict[Values, str]:
        bucket, prefix = split_uri(table.location)
        names = [key.name for key in table.partition_keys]
        folders: dict[Values, str] = {}
        if not names or not self._lakehouse.objects.has_bucket(bucket):
            return folders
        for key in self._lakehouse.objects.list(bucket, f"{prefix}/"):
            parts = key.removeprefix(f"{prefix}/").split("/")[: len(names)]
            pairs = [part.partition("=") for part in parts]
            if [pair[0].lower() for pair in pairs] == names and all(pair[2] for pair in pairs):
                folders[tuple(pair[2] for pair in pairs)] = f"{table.location}/{'/'.join(parts)}"
        return folders
