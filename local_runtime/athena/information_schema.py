"""`information_schema`: the catalog's databases, tables, columns and views as rows.

https://docs.aws.amazon.com/athena/latest/ug/querying-glue-catalog.html
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from local_runtime.athena.names import CATALOG
from local_runtime.athena.sources import ArrowSource
from local_runtime.athena.types import trino_type, trino_type_of_hive
from local_runtime.athena.views import view_columns, view_text
from local_runtime.lakehouse.external_tables import ExternalTable
from local_runtime.lakehouse.lakehouse import Lakehouse

INFORMATION_SCHEMA = "information_schema"

COLUMNS = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
    "columns": (
        *("table_catalog", "table_schema", "table_name", "column_name"),
        *("ordinal_position", "column_default", "is_nullable", "data_type", "comment", "extra_info"),
    ),
}
Row = tuple[object, ...]


def information_schema_source(lakehouse: Lakehouse, table: str) -> ArrowSource | None:
    """The rows of `information_schema.table`, or None when there is no such table."""
    names = COLUMNS.get(table)
    if names is None:
        return None
    rows = list(_rows(lakehouse, table))
    types = {name: "bigint" if name == "ordinal_position" else "varchar" for name in names}
    arrays = {
        name: pa.array([row[index] for row in rows], pa.int64() if types[name] == "bigint" else pa.string())
        for index, name in enumerate(names)
    }
    return ArrowSource(types, pa.table(arrays))


def _rows(lakehouse: Lakehouse, kind: str) -> Iterator[Row]:
    for database in lakehouse.databases():
        if kind == "schemata":
            yield CATALOG, database
            continue
        for name in lakehouse.tables(database):
            external = lakehouse.external.get(database, name)
            yield from _rows_of_table(lakehouse, kind, database, name, external)


def _rows_of_table(
    lakehouse: Lakehouse, kind: str, database: str, name: str, external: ExternalTable | None
) -> Iterator[Row]:
    is_view = external is not None and external.is_view
    if kind == "tables":
        yield CATALOG, database, name, "VIEW" if is_view else "BASE TABLE"
    if kind == "views" and external is not None and is_view:
        yield CATALOG, database, name, view_text(external)
    if kind == "columns":
        partition_keys = set() if external is None else {key.name for key in external.partition_keys}
        for position, (column, data_type, comment) in enumerate(
            table_columns(lakehouse, database, name), start=1
        ):
            extra = "partition key" if column in partition_keys else None
            yield CATALOG, database, name, column, position, None, "YES", data_type, comment, extra


def table_columns(lakehouse: Lakehouse, database: str, name: str) -> list[tuple[str, str, str | None]]:
    """(name, Trino type, comment) of each column; partition keys come last.

    Raises:
        TableNotFoundError: there is no such table.
    """
    external = lakehouse.external.get(database, name)
    if external is None:
        schema = lakehouse.table(database, name).schema()
        return [(item.name.lower(), trino_type(item.field_type), item.doc) for item in schema.fields]
    if external.is_view:
        return [(column, data_type, None) for column, data_type in view_columns(external)]
    columns = [*external.columns, *external.partition_keys]
    return [(column.name, trino_type_of_hive(column.type), column.comment) for column in columns]
