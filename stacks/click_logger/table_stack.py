"""Where clicks rest: the bucket with its table for Athena, and the table of DynamoDB.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-general-nosql-design.html
"""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import CfnOutput, CfnResource, Environment
from constructs import Construct

from stacks.click_logger.config import ClickLogger, ClickLoggerConfig
from stacks.click_logger.names import (
    CALLER_INDEX,
    DATABASE,
    DEAD_LETTER_FOLDER,
    ERROR_FOLDER,
    FOLDER,
    ITEM_TABLE,
    PARTITION,
    SCHEMA,
    TABLE,
    Names,
)
from stacks.common.avro_schema import columns
from stacks.common.data_bucket import DataBucket, Expiry, removal_policy
from stacks.common.iceberg_table import GlueDatabase
from stacks.common.log_group import LogSettings
from stacks.common.parquet_table import DayPartition, ParquetTable
from stacks.common.stack import TaggedStack

EXPIRY = "expiresat"
"""The attribute that the consumer writes with `items_expire_after_days`."""


class ClickTableStack(TaggedStack):
    """Bucket, Glue database and table, DynamoDB table."""

    def __init__(
        self, scope: Construct, id: str, *, config: ClickLoggerConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="Click logger: bucket and tables", settings=config, env=env)
        names, settings = Names(self, config), config.click_logger
        bucket = DataBucket(
            self,
            "Bucket",
            name=names.bucket,
            keep=config.keep_data_on_destroy,
            log=LogSettings(config.log_retention_in_days),
            expiries=list(_expiries(settings)),
        )
        table = self._add_parquet_table(names, config)
        # A table that is protected from deletion cannot be rolled back: when it is made, all else is there.
        self._add_item_table(config).node.add_dependency(bucket, table)
        CfnOutput(self, "S3BucketName", value=bucket.bucket_name)
        CfnOutput(self, "DynamoDbTableName", value=ITEM_TABLE)
        CfnOutput(self, "AthenaTableName", value=f"{DATABASE}.{TABLE}")

    def _add_parquet_table(self, names: Names, config: ClickLoggerConfig) -> ParquetTable:
        policy = removal_policy(config.keep_data_on_destroy)
        database = GlueDatabase(
            self, "Database", name=DATABASE, description="Click logger", removal_policy=policy
        )
        table = ParquetTable(
            self,
            "Table",
            database_name=DATABASE,
            name=TABLE,
            description="Clicks, a folder a day (UTC) of their arrival",
            location=names.location,
            columns=columns(SCHEMA),
            days=DayPartition(PARTITION, config.click_logger.first_day),
            removal_policy=policy,
        )
        table.add_resource_dependency(database)
        return table

    def _add_item_table(self, config: ClickLoggerConfig) -> CfnResource:
        table = CfnResource(
            self,
            "ItemTable",
            type="AWS::DynamoDB::Table",
            properties={
                "TableName": ITEM_TABLE,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [
                    {"AttributeName": name, "AttributeType": "S"}
                    for name in ("requestid", "contextid", "callerid")
                ],
                "KeySchema": _key("requestid", "contextid"),
                "GlobalSecondaryIndexes": [
                    {
                        "IndexName": CALLER_INDEX,
                        "KeySchema": _key("contextid", "callerid"),
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ],
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                "TimeToLiveSpecification": {"AttributeName": EXPIRY, "Enabled": True},
                "DeletionProtectionEnabled": config.keep_data_on_destroy,
            },
        )
        table.apply_removal_policy(removal_policy(config.keep_data_on_destroy))
        return table


def _key(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def _expiries(settings: ClickLogger) -> Iterator[Expiry]:
    days = settings.files_expire_after_days
    if days is not None:
        yield Expiry("Clicks", FOLDER, days)
        yield Expiry("Undeliverable", ERROR_FOLDER, days)
        yield Expiry("DeadLetters", DEAD_LETTER_FOLDER, days)
