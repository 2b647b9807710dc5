"""ALTER TABLE: partitions, columns, properties.

https://docs.aws.amazon.com/athena/latest/ug/alter-table-add-partition.html
"""

from __future__ import annotations

from typing import Any

from pyiceberg.schema import Schema
from pyiceberg.table import Table

from local_runtime.athena.create_table import column_list
from local_runtime.athena.execution import Execution
from local_runtime.athena.hive_types import hive_type, schema_of
from local_runtime.athena.iceberg_definition import iceberg_properties
from local_runtime.athena.names import TableName
from local_runtime.athena.result import QueryError, QueryResult, done
from local_runtime.athena.statements import Statement
from local_runtime.athena.tables import external_table, find_table, iceberg_table
from local_runtime.athena.words import Words
from local_runtime.lakehouse.external_tables import ExternalTable, HiveColumn, Values, partition_folder
from local_runtime.lakehouse.lakehouse import Lakehouse

FORMS = (
    "ADD [IF NOT EXISTS] PARTITION, DROP [IF EXISTS] PARTITION, ADD COLUMNS, DROP COLUMN, SET LOCATION "
    "or SET TBLPROPERTIES"
)


class AlterTable:
    def __init__(self, lakehouse: Lakehouse) -> None:
        self._lakehouse = lakehouse

    def __call__(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.expect("ALTER", "TABLE")
        name = words.table(execution.database)
        if words.accept("ADD", "COLUMNS"):
            self._add_columns(name, column_list(words))
        elif words.sees("ADD"):
            self._add_partitions(name, words)
        elif words.accept("DROP", "COLUMN"):
            self._drop_column(name, words.name())
        elif words.sees("DROP"):
            self._drop_partitions(name, words)
        elif words.accept("SET", "TBLPROPERTIES"):
            self._set_properties(name, words.properties())
        elif words.sees("SET", "LOCATION") or words.sees("PARTITION"):
            self._set_location(name, words)
        elif words.sees("RENAME") or words.sees("REPLACE") or words.sees("CHANGE") or words.sees("UNSET"):
            form = words.take().text.upper()
            raise QueryError(
                "NOT_SUPPORTED", f"ALTER TABLE {form} is not supported by the local run (it has {FORMS})"
            )
        else:
            raise words.error(FORMS)
        words.expect_end()
        return done()

    def _add_partitions(self, name: TableName, words: Words) -> None:
        words.expect("ADD")
        if_not_exists = words.accept("IF", "NOT", "EXISTS")
        table = external_table(self._lakehouse, name, "ALTER TABLE ADD PARTITION")
        known = self._lakehouse.external.partitions(table)
        added: dict[Values, str] = {}
        while words.accept("PARTITION"):
            values = partition_values(words, table)
            location = words.string() if words.accept("LOCATION") else partition_folder(table, values)
            if values in known and not if_not_exists:
                raise QueryError("ALREADY_EXISTS", f"Partition already exists: {list(values)}")
            if values not in known:
                added[values] = location
        if not words.is_at_end:
            raise words.error("PARTITION")
        self._lakehouse.external.add_partitions(table, added)

    def _drop_partitions(self, name: TableName, words: Words) -> None:
        words.expect("DROP")
        if_exists = words.accept("IF", "EXISTS")
        table = external_table(self._lakehouse, name, "ALTER TABLE DROP PARTITION")
        known = self._lakehouse.external.partitions(table)
        if not words.sees("PARTITION"):
            raise words.error(FORMS)
        while words.accept("PARTITION"):
            values = partition_values(words, table)
            if values not in known and not if_exists:
                raise QueryError("NOT_FOUND", f"Partition does not exist: {list(values)}")
            self._lakehouse.external.drop_partition(table, values)
            words.accept(",")

    def _add_columns(self, name: TableName, columns: list[HiveColumn]) -> None:
        table = find_table(self._lakehouse, name)
        if not isinstance(table, ExternalTable):
            self._add_iceberg_columns(table, columns)
            return
        external = external_table(self._lakehouse, name, "ALTER TABLE ADD COLUMNS")
        taken = [column.name for column in [*external.columns, *external.partition_keys]]
        _refuse_taken(columns, taken)
        storage: dict[str, Any] = dict(external.table_input["StorageDescriptor"])
        added = [{"Name": column.name, "Type": column.type} for column in columns]
        storage["Columns"] = [*storage["Columns"], *added]
        self._lakehouse.external.put(name.database, {**external.table_input, "StorageDescriptor": storage})

    def _add_iceberg_columns(self, table: Table, columns: list[HiveColumn]) -> None:
        _refuse_taken(columns, [field.name for field in table.schema().fields])
        fields = schema_of([(column.name, hive_type(column.type), column.comment) for column in columns])
        with self._lakehouse.commit_lock, table.update_schema() as update:
            update.union_by_name(Schema(*fields.fields))

    def _drop_column(self, name: TableName, column: str) -> None:
        with self._lakehouse.commit_lock:
            table = iceberg_table(self._lakehouse, name, "ALTER TABLE DROP COLUMN")
            if column not in [field.name.lower() for field in table.schema().fields]:
                raise QueryError("COLUMN_NOT_FOUND", f"Column '{column}' does not exist")
            sources = [table.schema().find_column_name(field.source_id) for field in table.spec().fields]
            if column in sources:
                raise QueryError("NOT_SUPPORTED", f"Cannot drop partition field: {column}")
            with table.update_schema() as update:
                update.delete_column(column)

    def _set_properties(self, name: TableName, properties: dict[str, str]) -> None:
        table = find_table(self._lakehouse, name)
        if isinstance(table, ExternalTable):
            parameters = {**table.parameters, **properties}
            self._lakehouse.external.put(name.database, {**table.table_input, "Parameters": parameters})
            return
        with self._lakehouse.commit_lock, table.transaction() as transaction:
            transaction.set_properties(iceberg_properties(properties))

    def _set_location(self, name: TableName, words: Words) -> None:
        table = external_table(self._lakehouse, name, "ALTER TABLE SET LOCATION")
        values = partition_values(words, table) if words.accept("PARTITION") else None
        words.expect("SET", "LOCATION")
        location = words.string()
        if values is not None:
            self._lakehouse.external.add_partitions(table, {values: location})
            return
        storage = {**table.table_input["StorageDescriptor"], "Location": location}
        self._lakehouse.external.put(name.database, {**table.table_input, "StorageDescriptor": storage})


def partition_values(words: Words, table: ExternalTable) -> Values:
    """`(key = value, ...)` in the order of the table's keys."""
    given: dict[str, str] = {}
    words.expect("(")
    while not words.accept(")"):
        key = words.name()
        words.expect("=")
        given[key] = words.literal()
        if not words.accept(",") and not words.sees(")"):
            raise words.error("',' or ')'")
    keys = [key.name for key in table.partition_keys]
    if sorted(given) != sorted(keys):
        raise QueryError(
            "INVALID_PARTITION_VALUE",
            f"table {table.database}.{table.name} is partitioned by {', '.join(keys) or 'nothing'} "
            f"(got {', '.join(given)})",
        )
    return tuple(given[key] for key in keys)


def _refuse_taken(columns: list[HiveColumn], taken: list[str]) -> None:
    for column in columns:
        if column.name in [name.lower() for name in taken]:
            raise QueryError("DUPLICATE_COLUMN_NAME", f"Column '{column.name}' already exists")
