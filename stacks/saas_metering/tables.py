"""The two tables of the access log in the Glue Data Catalog: as it came, and merged.

https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
https://docs.aws.amazon.com/athena/latest/ug/parquet-serde.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import CfnResource, RemovalPolicy, Stack
from constructs import Construct

from stacks.saas_metering.access_log import Field

PARTITION_KEYS = ("year", "month", "day", "hour")


@dataclass(frozen=True)
class FileFormat:
    """How the files of a table are read and written."""

    classification: str
    serde: str
    input_format: str
    output_format: str


JSON = FileFormat(
    "json",
    "org.openx.data.jsonserde.JsonSerDe",
    "org.apache.hadoop.mapred.TextInputFormat",
    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
)
PARQUET = FileFormat(
    "parquet",
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
)


def json_columns(fields: Sequence[Field]) -> list[dict[str, str]]:
    """All text: a value that is missing is `-`."""
    return [{"Name": field.column, "Type": "string", "Comment": field.doc} for field in fields]


def parquet_columns(fields: Sequence[Field]) -> list[dict[str, str]]:
    return [{"Name": field.column, "Type": field.type, "Comment": field.doc} for field in fields]


class HourlyTable(CfnResource):
    """A table in folders by hour (UTC); the merge adds its partitions."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        database: CfnResource,
        database_name: str,
        name: str,
        description: str,
        location: str,
        columns: Sequence[Mapping[str, str]],
        format: FileFormat,
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
                    "Parameters": {"EXTERNAL": "TRUE", "classification": format.classification},
                    "PartitionKeys": [{"Name": key, "Type": "int"} for key in PARTITION_KEYS],
                    "StorageDescriptor": {
                        "Columns": columns,
                        "Location": location,
                        "InputFormat": format.input_format,
                        "OutputFormat": format.output_format,
                        "SerdeInfo": {"SerializationLibrary": format.serde},
                    },
                },
            },
        )
        self.apply_removal_policy(removal_policy)
        self.add_resource_dependency(database)
