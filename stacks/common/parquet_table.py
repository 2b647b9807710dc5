"""A table of Parquet files in folders by day, which Athena finds by projection: no partition is ever added.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from aws_cdk import CfnResource, RemovalPolicy, Stack
from constructs import Construct

from stacks.common.avro_schema import Column


@dataclass(frozen=True)
class DayPartition:
    """Folders `{column}=YYYY-MM-DD` (UTC) from the first day to today, with or without rows."""

    column: str
    first_day: date


class ParquetTable(CfnResource):
    """The table; `location` is the folder's `s3://` URI with a slash at its end."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        database_name: str,
        name: str,
        description: str,
        location: str,
        columns: Sequence[Column],
        days: DayPartition,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(
            scope,
            id,
            type="AWS::Glue::Table",
            properties={
                "CatalogId": Stack.of(scope).account,
                "DatabaseName": database_name,
                "TableInput": {
                    "Name": name,
                    "Description": description,
                    "TableType": "EXTERNAL_TABLE",
                    "Parameters": {
                        "EXTERNAL": "TRUE",
                        "classification": "parquet",
                        **_projection(days, location),
                    },
                    "PartitionKeys": [{"Name": days.column, "Type": "string"}],
                    "StorageDescriptor": {
                        "Columns": [
                            {"Name": column.name, "Type": column.type, "Comment": column.doc}
                            for column in columns
                        ],
                        "Location": location,
                        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                        "SerdeInfo": {
                            "SerializationLibrary": (
                                "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
                            ),
                        },
                    },
                },
            },
        )
        self.apply_removal_policy(removal_policy)


def _projection(days: DayPartition, location: str) -> dict[str, str]:
    column = f"projection.{days.column}"
    return {
        "projection.enabled": "true",
        f"{column}.type": "date",
        f"{column}.format": "yyyy-MM-dd",
        f"{column}.interval": "1",
        f"{column}.interval.unit": "DAYS",
        f"{column}.range": f"{days.first_day.isoformat()},NOW",
        "storage.location.template": f"{location}{days.column}=${{{days.column}}}/",
    }
