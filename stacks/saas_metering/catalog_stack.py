"""What Athena knows: the work group, the databases, the two tables and the queries.

https://docs.aws.amazon.com/athena/latest/ug/workgroups-create-update-delete.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.common.athena import WorkGroup
from stacks.common.data_bucket import removal_policy
from stacks.common.iceberg_table import GlueDatabase
from stacks.common.stack import TaggedStack
from stacks.saas_metering.access_log import FIELDS
from stacks.saas_metering.config import MergeSmallFiles, SaasMeteringConfig
from stacks.saas_metering.names import Names
from stacks.saas_metering.tables import JSON, PARQUET, HourlyTable, json_columns, parquet_columns

_WRITTEN = MergeSmallFiles()
"""The names that the files in `sql/saas_metering` have."""


class CatalogStack(TaggedStack):
    """With `create_tables` off, work group and queries alone."""

    def __init__(
        self, scope: Construct, id: str, *, config: SaasMeteringConfig, env: Environment | None
    ) -> None:
        super().__init__(
            scope, id, description="SaaS metering: work group, tables and queries", settings=config, env=env
        )
        self._names = Names(self, config)
        tables, limit = config.merge_small_files_lambda_env, config.saas_metering.scan_limit_in_mb
        work_group = WorkGroup(
            self,
            "WorkGroup",
            name=config.athena_work_group_name,
            description="Usage of the API, and the merge of its access log",
            results=self._names.athena_results,
            scan_limit_in_bytes=None if limit is None else limit * 1_000_000,
            enforced=False,  # the merge's CREATE TABLE AS says itself where its files go
        )
        work_group.add_queries(
            "saas_metering/queries",
            tables.NEW_DATABASE,
            renamed=dict(zip(_names(_WRITTEN), _names(tables), strict=True)),
        )
        if config.saas_metering.create_tables:
            self._add_tables(config)
        CfnOutput(self, "AthenaWorkGroupName", value=work_group.ref)

    def _add_tables(self, config: SaasMeteringConfig) -> None:
        settings, policy = config.merge_small_files_lambda_env, removal_policy(config.keep_data_on_destroy)
        old = GlueDatabase(
            self,
            "Database",
            name=settings.OLD_DATABASE,
            description="SaaS metering",
            removal_policy=policy,
        )
        new = old
        if settings.NEW_DATABASE != settings.OLD_DATABASE:
            new = GlueDatabase(
                self,
                "MergedDatabase",
                name=settings.NEW_DATABASE,
                description="SaaS metering: merged",
                removal_policy=policy,
            )
        HourlyTable(
            self,
            "JsonTable",
            database=old,
            database_name=settings.OLD_DATABASE,
            name=settings.OLD_TABLE_NAME,
            description="The access log as it came: a line may be there twice, and every value is text",
            location=f"s3://{self._names.bucket}/{self._names.json_folder}/",
            columns=json_columns(FIELDS),
            format=JSON,
            removal_policy=policy,
        )
        HourlyTable(
            self,
            "ParquetTable",
            database=new,
            database_name=settings.NEW_DATABASE,
            name=settings.NEW_TABLE_NAME,
            description="The access log, merged hour by hour: each request once, with types",
            location=f"s3://{self._names.bucket}/{self._names.parquet_folder}/",
            columns=parquet_columns(settings.fields),
            format=PARQUET,
            removal_policy=policy,
        )


def _names(tables: MergeSmallFiles) -> tuple[str, str]:
    return (
        f"{tables.OLD_DATABASE}.{tables.OLD_TABLE_NAME}",
        f"{tables.NEW_DATABASE}.{tables.NEW_TABLE_NAME}",
    )
