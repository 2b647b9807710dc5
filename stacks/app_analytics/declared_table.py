"""The table as the schema declares it, its partitions computed from the hour and never registered.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

from __future__ import annotations

from aws_cdk import CfnResource, RemovalPolicy, Stack

from stacks.app_analytics.config import Catalog
from stacks.app_analytics.names import DATABASE, PARTITION_KEYS, TABLE, Names
from stacks.common.hive_schema import hive_columns

_SCHEMA = "app_analytics/app_event.avsc"


def add_declared_table(
    stack: Stack, names: Names, settings: Catalog, *, removal_policy: RemovalPolicy
) -> CfnResource:
    """The names are those that a crawler would give, so that the same queries work."""
    table = CfnResource(
        stack,
        "Table",
        type="AWS::Glue::Table",
        properties={
            "CatalogId": names.account,
            "DatabaseName": DATABASE,
            "TableInput": {
                "Name": TABLE,
                "Description": "App events as they came, by the hour in which they arrived",
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {
                    "EXTERNAL": "TRUE",
                    "classification": "json",
                    **_projection(names, settings.first_year),
                },
                "PartitionKeys": [{"Name": key, "Type": "string"} for key in PARTITION_KEYS],
                "StorageDescriptor": {
                    "Location": names.raw_location,
                    "Columns": list(hive_columns(_SCHEMA)),
                    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                    "SerdeInfo": {
                        "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
                        "Parameters": {"serialization.format": "1"},
                    },
                },
            },
        },
    )
    table.apply_removal_policy(removal_policy)
    return table


def _projection(names: Names, first_year: int) -> dict[str, str]:
    year, month, day, hour = PARTITION_KEYS
    ranges = {month: "1,12", day: "1,31", hour: "0,23"}
    folders = "/".join(f"${{{key}}}" for key in PARTITION_KEYS)
    return {
        "projection.enabled": "true",
        "storage.location.template": f"{names.raw_location}{folders}/",
        # A date, unlike an integer, can end now: no query lists the folders of years to come.
        f"projection.{year}.type": "date",
        f"projection.{year}.format": "yyyy",
        f"projection.{year}.range": f"{first_year},NOW",
        f"projection.{year}.interval": "1",
        f"projection.{year}.interval.unit": "YEARS",
        **{
            f"projection.{key}.{setting}": value
            for key, range in ranges.items()
            for setting, value in (("type", "integer"), ("range", range), ("digits", "2"))
        },
    }
