"""Where the events rest: the bucket, and in it the Iceberg table with its upkeep.

https://docs.aws.amazon.com/glue/latest/dg/optimization-prerequisites.html
"""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import CfnOutput, Environment
from aws_cdk.aws_iam import ServicePrincipal
from constructs import Construct

from stacks.common.data_bucket import DataBucket, Expiry, removal_policy
from stacks.common.encryption import use_key_for_bucket
from stacks.common.iam import InlineRole, Permission, allow
from stacks.common.iceberg_table import GlueDatabase, IcebergTable
from stacks.common.log_group import LogSettings
from stacks.common.stack import TaggedStack
from stacks.web_analytics.bucket_folders import ATHENA_RESULTS, HANDLED
from stacks.web_analytics.config import DataFirehose, WebAnalyticsConfig
from stacks.web_analytics.names import Names

_QUERY_RESULTS_EXPIRE_AFTER_DAYS = 7


class IcebergStorageStack(TaggedStack):
    """Bucket, database, table and optimizers; with `create_table` off, the bucket alone."""

    def __init__(
        self, scope: Construct, id: str, *, config: WebAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(
            scope, id, description="Web analytics: bucket and Iceberg table", settings=config, env=env
        )
        self._names = Names(self, config)
        bucket = DataBucket(
            self,
            "Bucket",
            name=self._names.bucket,
            keep=config.keep_data_on_destroy,
            log=LogSettings(config.log_retention_in_days, self._names.encryption_key_arn),
            key_arn=self._names.encryption_key_arn,
            expiries=list(_expiries(config.data_firehose_configuration)),
        )
        if config.data_firehose_configuration.destination_iceberg_table_configuration.create_table:
            table = self._table(config)
            table.node.add_dependency(bucket)
            table.add_optimizers(self._optimizer_role().role_arn)
        CfnOutput(self, "S3BucketName", value=bucket.bucket_name)

    def _table(self, config: WebAnalyticsConfig) -> IcebergTable:
        settings = config.data_firehose_configuration.destination_iceberg_table_configuration
        policy = removal_policy(config.keep_data_on_destroy)
        database = GlueDatabase(
            self,
            "Database",
            name=settings.database_name,
            description="Web analytics",
            removal_policy=policy,
        )
        table = IcebergTable(
            self,
            "Table",
            database_name=settings.database_name,
            name=settings.table_name,
            location=self._names.table_location,
            columns=config.columns,
            partition_fields=settings.partition_fields,
            removal_policy=policy,
        )
        table.add_resource_dependency(database)
        return table

    def _optimizer_role(self) -> InlineRole:
        names = self._names
        log_groups = f"{names.log_groups_arn}:/aws-glue/iceberg-*"
        return InlineRole(
            self,
            "OptimizerRole",
            role_name=names.optimizer_role,
            assumed_by=ServicePrincipal("glue.amazonaws.com"),
            description="Lets Glue compact the web log table and delete what it no longer needs",
            permissions={
                "RewriteTableFiles": allow(
                    ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                    [names.table_objects_arn],
                    wildcard="Compaction rewrites any file of the table.",
                ),
                "ListBucket": allow(["s3:ListBucket"], [names.bucket_arn]),
                "UpdateTable": allow(
                    ["glue:GetTable", "glue:UpdateTable"],
                    [names.catalog_arn, names.database_arn, names.table_arn],
                ),
                "WriteLogs": allow(
                    ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                    [log_groups, f"{log_groups}:*"],
                    wildcard="Glue names the log groups and streams of its optimizers itself.",
                ),
                "UseLakeFormation": allow(
                    ["lakeformation:GetDataAccess"],
                    ["*"],
                    wildcard="GetDataAccess knows no narrower resource.",
                ),
                **self._use_key(),
            },
        )

    def _use_key(self) -> dict[str, Permission]:
        names = self._names
        if names.encryption_key_arn is None:
            return {}
        of_bucket = {"bucket_arn": names.bucket_arn, "region": names.region}
        return {"UseKeyOfBucket": use_key_for_bucket(names.encryption_key_arn, **of_bucket)}


def _expiries(settings: DataFirehose) -> Iterator[Expiry]:
    """What S3 deletes; the settings see to it that the table lies under none of the prefixes."""
    yield Expiry("QueryResults", f"{ATHENA_RESULTS}/", _QUERY_RESULTS_EXPIRE_AFTER_DAYS)
    days = settings.error_records_expire_after_days
    if days is not None:
        yield Expiry("Undeliverable", settings.error_folder, days)
        for folder in HANDLED:
            yield Expiry(folder.capitalize(), f"{folder}/{settings.error_folder}", days)
