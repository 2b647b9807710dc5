"""SHOW and DESCRIBE.

https://docs.aws.amazon.com/athena/latest/ug/show-create-table.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Table

from local_runtime.athena.execution import Execution
from local_runtime.athena.hive_types import hive_type_of_arrow
from local_runtime.athena.iceberg_definition import ICEBERG_NAMES, TABLE_PROPERTIES
from local_runtime.athena.information_schema import table_columns
from local_runtime.athena.names import TableName
from local_runtime.athena.result import Column, QueryError, QueryResult, texts
from local_runtime.athena.statements import Statement
from local_runtime.athena.tables import check_database, external_table, find_table
from local_runtime.athena.views import view_text
from local_runtime.athena.words import Words
from local_runtime.lakehouse.external_tables import ExternalTable, HiveColumn, partition_folder
from local_runtime.lakehouse.lakehouse import Lakehouse

ATHENA_NAMES = {iceberg: athena for athena, iceberg in ICEBERG_NAMES.items()}


class Show:
    """One method a statement."""

    def __init__(self, lakehouse: Lakehouse) -> None:
        self._lakehouse = lakehouse

    def databases(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.expect("SHOW")
        words.take()  # DATABASES or SCHEMAS
        words.accept("LIKE")
        pattern = None if words.is_at_end else words.string()
        return texts(_matching(self._lakehouse.databases(), pattern), "database_name")

    def tables(self, statement: Statement, execution: Execution) -> QueryResult:
        return texts(self._names(statement, execution), "tab_name")

    def views(self, statement: Statement, execution: Execution) -> QueryResult:
        return texts(self._names(statement, execution, only_views=True), "views")

    def columns(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.expect("SHOW", "COLUMNS")
        if not words.accept("IN"):
            words.expect("FROM")
        name = words.table(execution.database)
        if words.accept("IN") or words.accept("FROM"):
            name = TableName(words.name(), name.table)
        find_table(self._lakehouse, name)
        columns = table_columns(self._lakehouse, name.database, name.table)
        return texts([column for column, _, _ in columns], "field")

    def partitions(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.expect("SHOW", "PARTITIONS")
        name = words.table(execution.database)
        table = external_table(self._lakehouse, name, "SHOW PARTITIONS")
        if not table.partition_keys:
            raise QueryError(
                "INVALID_TABLE", f"Table {name.database}.{name.table} is not a partitioned table"
            )
        known = self._lakehouse.external.partitions(table)
        folders = (partition_folder(table, values) for values in known)
        return texts([folder.removeprefix(f"{table.location}/") for folder in folders], "partition")

    def properties(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.expect("SHOW", "TBLPROPERTIES")
        table = find_table(self._lakehouse, words.table(execution.database))
        properties = _properties(table)
        if words.accept("("):
            key = words.string()
            words.expect(")")
            properties = {key: properties[key]} if key in properties else {}
        return QueryResult(
            [Column("prpt_name", "string"), Column("prpt_value", "string")], list(properties.items())
        )

    def create(self, statement: Statement, execution: Execution) -> QueryResult:
        """SHOW CREATE TABLE and SHOW CREATE VIEW."""
        words = Words(statement.sql)
        words.expect("SHOW", "CREATE")
        views = words.take().text.upper() == "VIEW"
        name = words.table(execution.database)
        words.expect_end()
        table = find_table(self._lakehouse, name)
        if isinstance(table, ExternalTable) and table.is_view:
            lines = [f"CREATE VIEW {name.database}.{name.table} AS", *view_text(table).splitlines()]
            return texts(lines, "Create View")
        if views:
            raise QueryError("NOT_SUPPORTED", f"{name.database}.{name.table} is a table, not a view")
        return texts(_create_table(name, table), "createtab_stmt")

    def describe(self, statement: Statement, execution: Execution) -> QueryResult:
        words = Words(statement.sql)
        words.take()  # DESCRIBE or DESC
        if words.accept("EXTENDED") or words.accept("FORMATTED"):
            raise QueryError(
                "NOT_SUPPORTED", "DESCRIBE EXTENDED and FORMATTED are not supported by the local run"
            )
        name = words.table(execution.database)
        words.expect_end()
        table = find_table(self._lakehouse, name)
        rows = [(column.name, column.type, column.comment or "") for column in _hive_columns(table)]
        if not isinstance(table, ExternalTable) or table.partition_keys:
            rows += [
                ("", "", ""),
                ("# Partition Information", "", ""),
                ("# col_name", "data_type", "comment"),
            ]
            rows += _partition_rows(table)
        columns = [Column(column, "string") for column in ("col_name", "data_type", "comment")]
        return QueryResult(columns, [tuple(row) for row in rows])

    def _names(self, statement: Statement, execution: Execution, only_views: bool = False) -> list[str]:
        words = Words(statement.sql)
        words.expect("SHOW")
        words.take()  # TABLES or VIEWS
        database = words.name() if words.accept("IN") or words.accept("FROM") else execution.database
        words.accept("LIKE")
        pattern = None if words.is_at_end else words.string()
        if database is None:
            raise QueryError(
                "MISSING_SCHEMA_NAME", "line 1:1: Schema must be specified: SHOW TABLES IN database"
            )
        check_database(self._lakehouse, database)
        names = self._lakehouse.tables(database)
        if only_views:
            external = ((name, self._lakehouse.external.get(database, name)) for name in names)
            names = [name for name, table in external if table is not None and table.is_view]
        return _matching(names, pattern)


def _matching(names: Sequence[str], pattern: str | None) -> list[str]:
    """Hive's patterns: `*` is anything, `|` a choice."""
    if pattern is None:
        return list(names)
    expression = re.compile(pattern.replace(".*", "*").replace("*", ".*"), re.IGNORECASE)
    return [name for name in names if expression.fullmatch(name)]


def _properties(table: Table | ExternalTable) -> dict[str, str]:
    if isinstance(table, ExternalTable):
        return dict(table.parameters)
    own = {ATHENA_NAMES.get(key, key): value for key, value in table.properties.items()}
    return {"table_type": "iceberg", **own}


def _hive_columns(table: Table | ExternalTable) -> list[HiveColumn]:
    if isinstance(table, ExternalTable):
        return [*table.columns, *table.partition_keys]
    types = schema_to_pyarrow(table.schema(), include_field_ids=False).types
    return [
        HiveColumn(field.name, str(hive_type_of_arrow(kind)), field.doc)
        for field, kind in zip(table.schema().fields, types, strict=True)
    ]


def _partition_rows(table: Table | ExternalTable) -> list[tuple[str, str, str]]:
    if isinstance(table, ExternalTable):
        return [(key.name, key.type, key.comment or "") for key in table.partition_keys]
    return [
        (field.name, str(field.transform), table.schema().find_column_name(field.source_id) or "")
        for field in table.spec().fields
    ]


def _create_table(name: TableName, table: Table | ExternalTable) -> list[str]:
    """The statement that makes the table again."""
    if isinstance(table, ExternalTable):
        lines = [f"CREATE EXTERNAL TABLE `{name.database}.{name.table}`(", *_column_lines(table.columns)]
        if table.partition_keys:
            lines += ["PARTITIONED BY (", *_column_lines(table.partition_keys)]
        lines += ["ROW FORMAT SERDE", f"  '{table.serde}'"]
        if table.serde_parameters:
            lines += ["WITH SERDEPROPERTIES (", *_property_lines(table.serde_parameters)]
        location, properties = table.location, dict(table.parameters)
    else:
        lines = [f"CREATE TABLE {name.database}.{name.table} (", *_column_lines(_hive_columns(table))]
        terms = [_term(table, index) for index in range(len(table.spec().fields))]
        if terms:
            lines.append(f"PARTITIONED BY ({', '.join(terms)})")
        location = table.location()
        properties = {key: value for key, value in _properties(table).items() if key in TABLE_PROPERTIES}
    return [*lines, "LOCATION", f"  '{location}'", "TBLPROPERTIES (", *_property_lines(properties)]


def _column_lines(columns: Sequence[HiveColumn]) -> list[str]:
    shown = [
        f"  `{column.name}` {column.type}" + (f" COMMENT '{column.comment}'" if column.comment else "")
        for column in columns
    ]
    return [f"{line}{',' if index < len(shown) else ')'}" for index, line in enumerate(shown, start=1)]


def _property_lines(properties: Mapping[str, str]) -> list[str]:
    items = sorted(properties.items())
    return [
        f"  '{key}'='{value}'{',' if index < len(items) else ')'}"
        for index, (key, value) in enumerate(items, start=1)
    ]


def _term(table: Table, index: int) -> str:
    field = table.spec().fields[index]
    column = f"`{table.schema().find_column_name(field.source_id)}`"
    transform, _, number = str(field.transform).rstrip("]").partition("[")
    if transform == "identity":
        return column
    return f"{transform}({number}, {column})" if number else f"{transform}({column})"
