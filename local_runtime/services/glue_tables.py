"""A table of the lakehouse as the Glue Data Catalog has it.

https://docs.aws.amazon.com/glue/latest/webapi/API_Table.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyiceberg.types import IcebergType, ListType, MapType, NestedField, StructType

if TYPE_CHECKING:
    from pyiceberg.table import Table

    from local_runtime.lakehouse.external_tables import ExternalTable
    from local_runtime.lakehouse.lakehouse import Lakehouse

_HIVE_OF_ICEBERG: Mapping[str, str] = {"long": "bigint", "timestamptz": "timestamp", "uuid": "string"}


def glue_table(lakehouse: Lakehouse, account: str, database: str, name: str) -> dict[str, Any] | None:
    """The `Table` of GetTable; None when there is none."""
    from local_runtime.lakehouse.lakehouse import TableNotFoundError

    place = {"DatabaseName": database, "CatalogId": account, "IsRegisteredWithLakeFormation": False}
    external = lakehouse.external.get(database, name)
    if external is not None:
        return {**external.table_input, **place}
    try:
        return {**_iceberg_table(lakehouse.table(database, name), name), **place}
    except TableNotFoundError:
        return None


def glue_partition(
    table: ExternalTable, values: tuple[str, ...], location: str, account: str
) -> dict[str, Any]:
    """The `Partition` of GetPartitions."""
    storage: Mapping[str, Any] = table.table_input.get("StorageDescriptor", {})
    return {
        "Values": list(values),
        "DatabaseName": table.database,
        "TableName": table.name,
        "StorageDescriptor": {**storage, "Location": location},
        "CatalogId": account,
    }


def _iceberg_table(table: Table, name: str) -> dict[str, Any]:
    metadata = table.metadata
    updated = metadata.last_updated_ms / 1000
    created = min((snapshot.timestamp_ms / 1000 for snapshot in metadata.snapshots), default=updated)
    return {
        "Name": name,
        "CreateTime": created,
        "UpdateTime": updated,
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [],  # Iceberg keeps its partitions to itself
        "Parameters": {"table_type": "ICEBERG", "metadata_location": table.metadata_location},
        "StorageDescriptor": {
            "Columns": [_column(field) for field in table.schema().fields],
            "Location": table.location(),
            "Compressed": False,
            "NumberOfBuckets": 0,
            "SortColumns": [],
            "StoredAsSubDirectories": False,
        },
        "VersionId": str(len(metadata.metadata_log)),
    }


def _column(field: NestedField) -> dict[str, Any]:
    column: dict[str, Any] = {
        "Name": field.name,
        "Type": hive_type(field.field_type),
        "Parameters": {
            "iceberg.field.current": "true",
            "iceberg.field.id": str(field.field_id),
            "iceberg.field.optional": str(field.optional).lower(),
        },
    }
    return {**column, "Comment": field.doc} if field.doc else column


def hive_type(iceberg_type: IcebergType) -> str:
    """The type's name in Glue."""
    match iceberg_type:
        case ListType():
            return f"array<{hive_type(iceberg_type.element_type)}>"
        case MapType():
            return f"map<{hive_type(iceberg_type.key_type)},{hive_type(iceberg_type.value_type)}>"
        case StructType():
            members = (f"{field.name}:{hive_type(field.field_type)}" for field in iceberg_type.fields)
            return f"struct<{','.join(members)}>"
    name = str(iceberg_type).replace(", ", ",")
    return _HIVE_OF_ICEBERG.get(name, name)
