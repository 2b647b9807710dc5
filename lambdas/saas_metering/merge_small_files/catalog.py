"""The two tables' partitions in the Glue Data Catalog, and the tables that runs make for themselves.

https://docs.aws.amazon.com/glue/latest/webapi/API_UpdatePartition.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lambdas.saas_metering.merge_small_files.logic import Hour


@dataclass(frozen=True)
class Table:
    """One table of the catalog."""

    client: Any
    database: str
    name: str

    def location(self, hour: Hour) -> str | None:
        """Where an hour's partition lies; None when there is none."""
        try:
            found = self.client.get_partition(**self._place, PartitionValues=hour.values)
        except self.client.exceptions.EntityNotFoundException:
            return None
        return str(found["Partition"]["StorageDescriptor"]["Location"])

    def add_hour(self, hour: Hour, location: str) -> bool:
        """Whether the hour had no partition before."""
        try:
            self.client.create_partition(**self._place, PartitionInput=self._partition(hour, location))
        except self.client.exceptions.AlreadyExistsException:
            return False
        return True

    def set_hour(self, hour: Hour, location: str) -> None:
        """One change of the catalog: a query reads the folder before it or the one after."""
        if not self.add_hour(hour, location):
            self.client.update_partition(
                **self._place,
                PartitionValueList=hour.values,
                PartitionInput=self._partition(hour, location),
            )

    def tables_beside(self) -> Iterator[str]:
        """The names in the database that begin as the table's does."""
        pages = self.client.get_paginator("get_tables")
        for page in pages.paginate(DatabaseName=self.database, Expression=f"{self.name}.*"):
            yield from (table["Name"] for table in page["TableList"])

    def drop(self, table: str) -> None:
        """Another table of the database; what is gone already is no error. Its files stay."""
        try:
            self.client.delete_table(DatabaseName=self.database, Name=table)
        except self.client.exceptions.EntityNotFoundException:
            return

    @property
    def _place(self) -> dict[str, str]:
        return {"DatabaseName": self.database, "TableName": self.name}

    def _partition(self, hour: Hour, location: str) -> dict[str, Any]:
        table = self.client.get_table(DatabaseName=self.database, Name=self.name)["Table"]
        return {
            "Values": hour.values,
            "StorageDescriptor": {**table["StorageDescriptor"], "Location": location},
        }
