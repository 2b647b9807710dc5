"""What a crawl found -> the Data Catalog: tables made, columns and partitions added, what is gone marked.

https://docs.aws.amazon.com/glue/latest/dg/crawler-schema-changes-prevent.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from local_runtime.crawler.folders import FoundTable, other_name, table_name
from local_runtime.crawler.schema import columns
from local_runtime.crawler.settings import DELETE, DEPRECATE, UPDATE, CrawlerSettings
from local_runtime.lakehouse.external_tables import (
    JSON_SERDES,
    ExternalTable,
    HiveColumn,
    external_table_input,
)
from local_runtime.lakehouse.lakehouse import Lakehouse

if TYPE_CHECKING:
    from local_runtime.crawler.crawl import Report

UPDATED_BY = "UPDATED_BY_CRAWLER"
DEPRECATED_BY = "DEPRECATED_BY_CRAWLER"
MOST_COLUMNS = 10_000


class CatalogWriter:
    """Writes the tables of one crawl."""

    def __init__(self, settings: CrawlerSettings, lakehouse: Lakehouse, report: Report) -> None:
        self._settings = settings
        self._lakehouse = lakehouse
        self._report = report
        self._written: set[str] = set()
        lakehouse.create_database(settings.database)

    def write(self, bucket: str, found: FoundTable) -> None:
        """Make a table or bring it up to what was found."""
        location = "/".join(["s3:/", bucket, *found.folders, ""])
        name, known = self._place(table_name(self._settings.table_prefix, found.folders, bucket), location)
        if found.left_out:
            self._report.warn(
                f"{name}: {found.left_out} objects lie in folders of another depth and are in no partition"
            )
        given = self._columns(name, found)
        if known is None:
            self._lakehouse.check_location(f"{self._settings.database}.{name}", location)
            table = self._lakehouse.external.put(
                self._settings.database, self._table_input(name, location, found, given)
            )
            self._report.created.append(name)
            self._say(f"{name}: made with {len(given)} columns from {len(found.files)} objects")
        else:
            table = self._update(known, found, given)
        self._written.add(name)
        self._write_partitions(table, bucket, found)

    def remove_others(self) -> None:
        """Tables and partitions that this crawler made and whose objects are gone, as DeleteBehavior says."""
        external, database = self._lakehouse.external, self._settings.database
        for name in external.names(database):
            table = external.get(database, name)
            if table is None or name in self._written:
                continue
            if table.parameters.get(UPDATED_BY) != self._settings.name:
                continue
            if self._settings.on_removal == DELETE:
                external.delete(database, name)
                self._report.deleted.append(name)
                self._say(f"{name}: removed, its folder is empty")
            elif self._settings.on_removal == DEPRECATE and DEPRECATED_BY not in table.parameters:
                self._put(table, {**table.parameters, DEPRECATED_BY: self._settings.name})
                self._say(f"{name}: marked as deprecated, its folder is empty")

    def _place(self, name: str, location: str) -> tuple[str, ExternalTable | None]:
        """The name and the table that is there: another table's name gets the location's hash behind it."""
        external, database = self._lakehouse.external, self._settings.database
        for candidate in (name, other_name(name, location)):
            known = external.get(database, candidate)
            if known is not None and known.location == location.rstrip("/"):
                return candidate, known
            if known is None and candidate not in self._lakehouse.iceberg_tables(database):
                return candidate, None
        raise AssertionError("a hash of the location is another location's")

    def _columns(self, name: str, found: FoundTable) -> list[HiveColumn]:
        """Without those whose name a partition key has: Athena refuses a table with both."""
        given = [HiveColumn(*column) for column in columns(found.schema)]
        taken = [column.name for column in given if column.name in found.keys]
        if taken:
            self._report.warn(f"{name}: {', '.join(taken)} is left out, a partition key has that name")
        if len(given) > MOST_COLUMNS:
            self._report.warn(f"{name}: {len(given)} columns were found, {MOST_COLUMNS} are kept")
        return [column for column in given if column.name not in taken][:MOST_COLUMNS]

    def _table_input(
        self, name: str, location: str, found: FoundTable, given: Sequence[HiveColumn]
    ) -> dict[str, Any]:
        return external_table_input(
            name,
            given,
            location=location,
            serde=JSON_SERDES[0],
            partition_keys=[HiveColumn(key, "string") for key in found.keys],
            serde_parameters={"paths": ",".join(sorted(name for name, _ in found.schema.members))},
            parameters=self._parameters(found),
        )

    def _parameters(self, found: FoundTable) -> dict[str, str]:
        size, records = sum(file.size for file in found.files), sum(file.records for file in found.files)
        return {
            "CrawlerSchemaDeserializerVersion": "1.0",
            "CrawlerSchemaSerializerVersion": "1.0",
            UPDATED_BY: self._settings.name,
            "averageRecordSize": str(round(size / records) if records else 0),
            "classification": "json",
            "compressionType": "gzip" if all(file.compressed for file in found.files) else "none",
            "objectCount": str(len(found.files)),
            "recordCount": str(records),
            "sizeKey": str(size),
            "typeOfData": "file",
        }

    def _update(self, known: ExternalTable, found: FoundTable, given: Sequence[HiveColumn]) -> ExternalTable:
        """UpdateBehavior LOG leaves columns as they are; MergeNewColumns only adds to them."""
        keys = tuple(key.name for key in known.partition_keys)
        if keys != found.keys:
            self._report.warn(
                f"{known.name}: its partition keys {keys} stay, the folders now make {found.keys}"
            )
        chosen = self._chosen(known.columns, given) if self._settings.on_change == UPDATE else known.columns
        changes = list(_differences(known.columns, chosen if self._settings.on_change == UPDATE else given))
        if self._settings.merge_new_columns and self._settings.on_change == UPDATE:
            for change in _differences(chosen, given):
                if " is " in change:
                    self._report.warn(f"{known.name}: {change}; MergeNewColumns keeps what was")
        for change in changes:
            kept = "" if self._settings.on_change == UPDATE else " (UpdateBehavior LOG: the table stays)"
            self._say(f"{known.name}: {change}{kept}")
        if changes and self._settings.on_change == UPDATE:
            self._report.updated.append(known.name)
        parameters = {**known.parameters, **self._parameters(found)}
        parameters.pop(DEPRECATED_BY, None)
        return self._put(known, parameters, chosen, found)

    def _chosen(self, known: Sequence[HiveColumn], given: Sequence[HiveColumn]) -> list[HiveColumn]:
        """In the order that the table has; a column that no object has any more goes."""
        by_name = {column.name: column for column in given}
        if self._settings.merge_new_columns:
            kept = list(known)
        else:
            kept = [by_name[column.name] for column in known if column.name in by_name]
        names = {column.name for column in kept}
        return [*kept, *(column for column in given if column.name not in names)]

    def _put(
        self,
        table: ExternalTable,
        parameters: Mapping[str, str],
        chosen: Sequence[HiveColumn] | None = None,
        found: FoundTable | None = None,
    ) -> ExternalTable:
        """The same table where nothing differs: who reads the catalog sees no change then."""
        storage: dict[str, Any] = dict(table.table_input["StorageDescriptor"])
        if chosen is not None and found is not None and list(chosen) != table.columns:
            fresh = self._table_input(table.name, str(storage["Location"]), found, chosen)
            storage = {**storage, "Columns": fresh["StorageDescriptor"]["Columns"]}
            storage["SerdeInfo"] = fresh["StorageDescriptor"]["SerdeInfo"]
        changed = {**table.table_input, "Parameters": dict(parameters), "StorageDescriptor": storage}
        if changed == table.table_input:
            return table
        return self._lakehouse.external.put(table.database, changed)

    def _write_partitions(self, table: ExternalTable, bucket: str, found: FoundTable) -> None:
        if tuple(key.name for key in table.partition_keys) != found.keys or not found.keys:
            return
        known = self._lakehouse.external.partitions(table)
        folders = {values: f"s3://{bucket}/{'/'.join(folder)}" for values, folder in found.partitions.items()}
        added = {values: folder for values, folder in folders.items() if values not in known}
        if added:
            self._lakehouse.external.add_partitions(table, added)
            self._updated(table.name, f"{len(added)} partitions added")
        gone = [values for values in known if values not in folders]
        if gone and self._settings.on_removal == DELETE:
            for values in gone:
                self._lakehouse.external.drop_partition(table, values)
            self._updated(table.name, f"{len(gone)} partitions removed, their folders are empty")

    def _updated(self, name: str, change: str) -> None:
        if name not in (*self._report.created, *self._report.updated):
            self._report.updated.append(name)
        self._say(f"{name}: {change}")

    def _say(self, sentence: str) -> None:
        self._report.changes.append(sentence)


def _differences(before: Sequence[HiveColumn], after: Sequence[HiveColumn]) -> list[str]:
    old, new = ({column.name: column.type for column in item} for item in (before, after))
    return [
        *(f"column {name} {kind} added" for name, kind in new.items() if name not in old),
        *(f"column {name} removed" for name in old if name not in new),
        *(
            f"column {name} is {kind}, was {old[name]}"
            for name, kind in new.items()
            if name in old and old[name] != kind
        ),
    ]
