"""Whose folder is whose: no Iceberg table lies inside another table's folder, or around it.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
Glue's catalog lets tables overlap; maintenance of one would then meet the other's files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyiceberg.catalog import Catalog

from local_runtime.errors import LocalRuntimeError
from local_runtime.lakehouse.external_tables import ExternalTables

Located = tuple[str, str]
"""A table, `database.name`, and a folder of its own."""


def iceberg_locations(catalog: Catalog) -> Iterator[Located]:
    for namespace in catalog.list_namespaces():
        for identifier in catalog.list_tables(namespace):
            yield ".".join(identifier), catalog.load_table(identifier).location()


def external_locations(catalog: Catalog, external: ExternalTables) -> Iterator[Located]:
    """The folders of external tables and of their partitions; a view has none."""
    for (database,) in catalog.list_namespaces():
        for name in external.names(database):
            table = external.get(database, name)
            if table is not None and not table.is_view:
                folders = [table.location, *external.partitions(table).values()]
                yield from ((f"{database}.{name}", folder) for folder in folders if folder)


def check_location(name: str, location: str, others: Iterable[Located]) -> None:
    """Refuse a table's folder that is another table's, or lies inside it or around it.

    Raises:
        LocalRuntimeError: it does.
    """
    for other, folder in others:
        if is_inside(location, folder) or is_inside(folder, location):
            raise LocalRuntimeError(
                f"table {name}: the location {location} overlaps that of the table {other}, {folder}; "
                "a table needs a folder of its own"
            )


def is_inside(uri: str, folder: str) -> bool:
    """Whether an object or folder is the folder itself or lies in it."""
    return _folder(uri).startswith(_folder(folder))


def _folder(uri: str) -> str:
    """With one slash at the end and the scheme that tables have."""
    return f"s3://{uri.partition('://')[2].rstrip('/')}/"
