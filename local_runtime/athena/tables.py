"""Finding the table that a DDL or DML statement is about, or saying in Athena's words that it is not there.

https://docs.aws.amazon.com/athena/latest/ug/creating-tables.html
"""

from __future__ import annotations

from pyiceberg.table import Table

from local_runtime.athena.names import CATALOG, TableName
from local_runtime.athena.result import QueryError
from local_runtime.lakehouse.external_tables import ExternalTable
from local_runtime.lakehouse.lakehouse import Lakehouse, TableNotFoundError


def find_table(lakehouse: Lakehouse, name: TableName) -> Table | ExternalTable:
    """An Iceberg table, an external table or a view.

    Raises:
        QueryError: there is no such table or database.
    """
    external = lakehouse.external.get(name.database, name.table)
    if external is not None:
        return external
    try:
        return lakehouse.table(name.database, name.table)
    except TableNotFoundError as error:
        check_database(lakehouse, name.database)
        raise QueryError(
            "TABLE_NOT_FOUND", f"Table '{CATALOG}.{name.database}.{name.table}' does not exist"
        ) from error


def exists(lakehouse: Lakehouse, name: TableName) -> bool:
    return name.table in lakehouse.tables(name.database)


def check_database(lakehouse: Lakehouse, database: str) -> None:
    if database not in lakehouse.databases():
        raise QueryError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist")


def iceberg_table(lakehouse: Lakehouse, name: TableName, statement: str) -> Table:
    """The Iceberg table of a statement that changes rows or files."""
    table = find_table(lakehouse, name)
    if isinstance(table, ExternalTable):
        what = "views" if table.is_view else "external tables"
        raise QueryError(
            "NOT_SUPPORTED", f"{statement} is not supported for {what}: {name.database}.{name.table}"
        )
    return table


def external_table(lakehouse: Lakehouse, name: TableName, statement: str) -> ExternalTable:
    """The external table of a statement about partitions."""
    table = find_table(lakehouse, name)
    if not isinstance(table, ExternalTable) or table.is_view:
        what = "views" if isinstance(table, ExternalTable) else "Iceberg tables"
        raise QueryError(
            "NOT_SUPPORTED", f"{statement} is not supported for {what}: {name.database}.{name.table}"
        )
    return table
