"""Where the events rest, and where Athena puts its answers: two buckets and the table.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.common.avro_schema import columns
from stacks.common.data_bucket import DataBucket, Expiry, removal_policy
from stacks.common.iceberg_table import GlueDatabase
from stacks.common.log_group import LogSettings
from stacks.common.parquet_table import DayPartition, ParquetTable
from stacks.common.stack import TaggedStack
from stacks.event_reporting.config import EventReporting, EventReportingConfig
from stacks.event_reporting.names import DAY_COLUMN, ERROR_FOLDER, EVENTS_FOLDER, RESULTS_FOLDER, TABLE, Names


class StorageStack(TaggedStack):
    """The buckets, the database and the table."""

    def __init__(
        self, scope: Construct, id: str, *, config: EventReportingConfig, env: Environment | None
    ) -> None:
        super().__init__(
            scope, id, description="Event reporting: buckets and table", settings=config, env=env
        )
        names, settings = Names(self, config), config.event_reporting
        days = settings.query_output_expires_after_days
        events = self._add_bucket("EventsBucket", names.events_bucket, list(_expiries(settings)), config)
        results = self._add_bucket(
            "QueryOutputBucket", names.results_bucket, [Expiry("QueryOutput", RESULTS_FOLDER, days)], config
        )
        self._add_table(config, names)
        CfnOutput(self, "EventsBucketName", value=events.bucket_name)
        CfnOutput(self, "QueryOutputBucketName", value=results.bucket_name)

    def _add_bucket(
        self, id: str, name: str, expiries: Sequence[Expiry], config: EventReportingConfig
    ) -> DataBucket:
        return DataBucket(
            self,
            id,
            name=name,
            keep=config.keep_data_on_destroy,
            log=LogSettings(config.log_retention_in_days),
            expiries=expiries,
        )

    def _add_table(self, config: EventReportingConfig, names: Names) -> None:
        policy = removal_policy(config.keep_data_on_destroy)
        database = GlueDatabase(
            self, "Database", name=names.database, description="Event reporting", removal_policy=policy
        )
        table = ParquetTable(
            self,
            "Table",
            database_name=names.database,
            name=TABLE,
            description="Events, by the day of their arrival",
            location=names.events_location,
            # Athena and Hive know names in lower case alone; Firehose finds userId for userid.
            columns=[
                replace(column, name=column.name.lower()) for column in columns("event_reporting/event.avsc")
            ],
            days=DayPartition(DAY_COLUMN, config.event_reporting.first_day),
            removal_policy=policy,
        )
        table.add_resource_dependency(database)


def _expiries(settings: EventReporting) -> Iterator[Expiry]:
    days = settings.events_expire_after_days
    if days is not None:
        yield Expiry("Events", EVENTS_FOLDER, days)
        yield Expiry("Undeliverable", ERROR_FOLDER, days)
