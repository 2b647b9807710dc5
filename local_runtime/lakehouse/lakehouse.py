"""Glue databases and Iceberg tables: a PyIceberg catalog on SQLite over the object store.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table
from pyiceberg.table.snapshots import ancestors_of

from local_runtime.assembly.model import Resource
from local_runtime.errors import LocalRuntimeError, UnsupportedResourceError
from local_runtime.errors import TableNotFoundError as TableNotFoundError
from local_runtime.lakehouse.data_files import commit_files, with_current_columns, write_rows
from local_runtime.lakehouse.declared_tables import declared_table, is_external
from local_runtime.lakehouse.evolution import recorded_properties, update_table
from local_runtime.lakehouse.external_tables import ExternalTables
from local_runtime.lakehouse.facts import TableFacts, table_facts
from local_runtime.lakehouse.file_io import ROOT_PROPERTY, ObjectStoreFileIO
from local_runtime.lakehouse.keyed_write import write_changes
from local_runtime.lakehouse.locations import check_location, external_locations, iceberg_locations
from local_runtime.lakehouse.maintenance import delete_files, referred_files
from local_runtime.lakehouse.object_keys import split_uri
from local_runtime.lakehouse.object_store import ObjectStore
from local_runtime.lakehouse.records import Rejected, rows_to_arrow
from local_runtime.lakehouse.table_definition import DATABASE_TYPE, TableDefinition, table_definition

log = logging.getLogger(__name__)

CATALOG_NAME = "awsdatacatalog"

# Small deliveries must not slow a table down: manifests are merged as Iceberg's own writer does by default,
# and the metadata of commits long past is removed.
WRITER_PROPERTIES = {
    "commit.manifest-merge.enabled": "true",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}


class Lakehouse:
    """The tables of one run; safe for many threads. A commit holds the lock, a read does not."""

    def __init__(self, state: Path, objects: ObjectStore) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self.objects = objects
        self._lock = threading.RLock()
        self._catalog = SqlCatalog(
            CATALOG_NAME,
            **{
                "uri": f"sqlite:///{state.absolute() / 'catalog.db'}",
                "py-io-impl": f"{ObjectStoreFileIO.__module__}.{ObjectStoreFileIO.__qualname__}",
                ROOT_PROPERTY: str(objects.root),
            },
        )
        self.external = ExternalTables(state / "glue.db")

    def ensure_database(self, resource: Resource) -> str:
        """Make the database of an AWS::Glue::Database resource and give its name."""
        name = resource.properties.get("DatabaseInput", {}).get("Name")
        if not isinstance(name, str) or not name:
            raise UnsupportedResourceError(
                DATABASE_TYPE,
                resource.stack,
                resource.logical_id,
                f"DatabaseInput.Name must be set (got {name!r})",
            )
        self.create_database(name)
        return name

    def ensure_table(self, resource: Resource) -> tuple[str, str]:
        """Make an AWS::Glue::Table resource's table, or bring an existing one up to it; (database, table).

        Rows are kept. New columns are added, as a Glue schema update does.

        Raises:
            LocalRuntimeError: the existing table differs in a way that no added column mends.
        """
        if is_external(resource):
            return self._ensure_external(resource)
        definition = table_definition(resource)
        with self._lock:
            self._require_database(resource, definition.database)
            self.objects.create_bucket(split_uri(definition.location)[0])
            try:
                table = self.table(definition.database, definition.name)
            except TableNotFoundError:
                self._create(replace(definition, properties=recorded_properties(definition)))
            else:
                update_table(table, definition)
        return definition.database, definition.name

    def _ensure_external(self, resource: Resource) -> tuple[str, str]:
        table = declared_table(resource)
        with self._lock:
            self._require_database(resource, table.database)
            if not table.is_view:
                self.objects.create_bucket(split_uri(table.location)[0])
                self.check_location(f"{table.database}.{table.name}", table.location)
            if table.name in self.iceberg_tables(table.database):
                raise LocalRuntimeError(
                    f"{resource.stack}/{resource.logical_id}: {table.database}.{table.name} is an Iceberg "
                    "table in this state; drop it or pass another --state"
                )
            self.external.declare(table)
        return table.database, table.name

    def _require_database(self, resource: Resource, database: str) -> None:
        if not self._catalog.namespace_exists(database):
            raise LocalRuntimeError(
                f"{resource.stack}/{resource.logical_id}: database {database!r} does not exist; "
                f"there is {', '.join(self.databases()) or 'none'}"
            )

    def databases(self) -> list[str]:
        return sorted(namespace[0] for namespace in self._catalog.list_namespaces())

    def tables(self, database: str) -> list[str]:
        """The names of a database's tables; none when there is no such database."""
        if not self._catalog.namespace_exists(database):
            return []
        iceberg = [identifier[-1] for identifier in self._catalog.list_tables(database)]
        return sorted([*iceberg, *self.external.names(database)])

    def iceberg_tables(self, database: str) -> list[str]:
        """The names of a database's Iceberg tables; none when there is no such database."""
        if not self._catalog.namespace_exists(database):
            return []
        return sorted(identifier[-1] for identifier in self._catalog.list_tables(database))

    def create_database(self, name: str) -> None:
        """Make a database; one that exists stays as it is."""
        with self._lock:
            self._catalog.create_namespace_if_not_exists(name)

    def drop_database(self, name: str) -> None:
        """Forget a database that has no tables."""
        with self._lock:
            self._catalog.drop_namespace(name)

    def create_table(self, definition: TableDefinition) -> Table:
        """Make an Iceberg table, and its bucket if need be; its database exists and the name is free."""
        with self._lock:
            self.objects.create_bucket(split_uri(definition.location)[0])
            return self._create(definition)

    def drop_table(self, database: str, name: str) -> None:
        """Forget an Iceberg table and remove the files that its metadata names, as DROP TABLE does."""
        with self._lock:
            table = self.table(database, name)
            files = _files_to_drop(table)
            self._catalog.drop_table((database, name))
            delete_files(table, files)

    def table(self, database: str, name: str) -> Table:
        """The table as it is now.

        Raises:
            TableNotFoundError: there is no such table.
        """
        try:
            return self._catalog.load_table((database, name))
        except NoSuchTableError as error:
            raise TableNotFoundError(f"{database}.{name}") from error

    def convert(
        self, database: str, table: str, documents: Sequence[bytes]
    ) -> tuple[pa.Table, list[Rejected]]:
        """Records as Firehose hands them over, one JSON object each -> rows, and the rejected ones."""
        loaded = self.table(database, table)
        return rows_to_arrow(loaded.schema(), documents, loaded.spec())

    def append(self, database: str, table: str, records: pa.Table, summary: Mapping[str, str]) -> int:
        """Add rows in one commit, with `summary` in the same snapshot's summary; the snapshot's id.

        Without rows the commit still happens: the summary (a consumer's positions) must not be lost.
        """
        with self._lock:
            loaded = self.table(database, table)
            added = write_rows(loaded, with_current_columns(loaded, records))
            return commit_files(loaded, added=added, summary=summary)

    def write_changes(
        self,
        database: str,
        table: str,
        records: pa.Table,
        operations: Sequence[str],
        unique_keys: Sequence[str],
        summary: Mapping[str, str],
    ) -> int:
        """Insert, update and delete by unique keys in one commit; see `keyed_write.write_changes`."""
        with self._lock:
            return write_changes(self.table(database, table), records, operations, unique_keys, summary)

    def unique_keys(self, database: str, table: str) -> tuple[str, ...]:
        """The table's own unique keys: its schema's identifier fields."""
        return tuple(sorted(self.table(database, table).schema().identifier_field_names()))

    @property
    def commit_lock(self) -> threading.RLock:
        """Held by whoever commits; maintenance takes it for its commits."""
        return self._lock

    def snapshot_property(self, database: str, table: str, key: str) -> str | None:
        """A summary property of the newest snapshot that has it, looking back from the current one."""
        loaded = self.table(database, table)
        for snapshot in ancestors_of(loaded.current_snapshot(), loaded.metadata):
            if snapshot.summary is not None and key in snapshot.summary.additional_properties:
                return snapshot.summary.additional_properties[key]
        return None

    def facts(self, database: str, table: str) -> TableFacts:
        """Rows, files, bytes, snapshots and the last commit's time."""
        return table_facts(self.table(database, table))

    def close(self) -> None:
        self._catalog.close()
        self.external.close()

    def other_locations(self) -> list[str]:
        """The folders of external tables and of their partitions."""
        return [folder for _, folder in external_locations(self._catalog, self.external)]

    def check_location(self, name: str, location: str) -> None:
        """Refuse a new table's folder that meets an Iceberg table's; see `locations.check_location`."""
        with self._lock:
            check_location(name, location, iceberg_locations(self._catalog))

    def _create(self, definition: TableDefinition) -> Table:
        name = f"{definition.database}.{definition.name}"
        self.check_location(name, definition.location)
        check_location(name, definition.location, external_locations(self._catalog, self.external))
        _check_partition_fields(name, definition)
        return self._catalog.create_table(
            (definition.database, definition.name),
            schema=definition.schema,
            location=definition.location,
            partition_spec=definition.partition_spec,
            properties={**WRITER_PROPERTIES, **definition.properties},
        )


def _files_to_drop(table: Table) -> set[str]:
    try:
        return referred_files(table)
    except FileNotFoundError as error:  # what is left of a table with missing files must not stop its end
        log.warning("table %s: %s; its data files stay", ".".join(table.name()), error)
        return {table.metadata_location, *(entry.metadata_file for entry in table.metadata.metadata_log)}


def _check_partition_fields(name: str, definition: TableDefinition) -> None:
    """PyIceberg writes no table that is partitioned by one column in two ways."""
    columns = Counter(field.source_id for field in definition.partition_spec.fields)
    for source_id, fields in columns.items():
        if fields > 1:
            column = definition.schema.find_column_name(source_id)
            raise LocalRuntimeError(
                f"table {name}: the column {column!r} is in {fields} partition fields; "
                "the local run writes tables with one for each column"
            )
