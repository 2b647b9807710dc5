"""The page that shows the team what visitors do; the CloudWatch dashboard of operations is another one."""

from __future__ import annotations

from aws_cdk import Environment
from constructs import Construct

from stacks.common.dashboard_queries import DashboardData
from stacks.common.dashboard_site import DashboardSite
from stacks.common.encryption import use_key_for_bucket
from stacks.common.iam import Permission
from stacks.common.log_group import LogSettings
from stacks.common.stack import TaggedStack
from stacks.web_analytics.bucket_folders import ATHENA_RESULTS
from stacks.web_analytics.config import WebAnalyticsConfig
from stacks.web_analytics.failed_records import FAILED_RECORDS_TABLE, FailedRecordsTable
from stacks.web_analytics.names import Names

_TABLE_IN_QUERIES = "web_log_iceberg"


class WebDashboardStack(TaggedStack):
    """The page, and the table of failed records that it reads beside the web log."""

    def __init__(
        self, scope: Construct, id: str, *, config: WebAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="Web analytics: dashboard page", settings=config, env=env)
        names, firehose = Names(self, config), config.data_firehose_configuration
        table = firehose.destination_iceberg_table_configuration
        FailedRecordsTable(
            self,
            "FailedRecords",
            catalog_id=self.account,
            database=table.database_name,
            bucket=names.bucket,
            error_prefix=firehose.error_output_prefix,
        )
        renamed = table.table_name != _TABLE_IN_QUERIES
        DashboardSite(
            self,
            "Dashboard",
            name="web-analytics-dashboard",
            title="Web analytics",
            room="web_analytics",
            data=DashboardData(
                database=table.database_name,
                tables=[table.table_name, FAILED_RECORDS_TABLE],
                bucket=names.bucket,
                folders=[firehose.output_prefix, firehose.error_folder.rpartition("/")[0]],
                results_folder=f"{ATHENA_RESULTS}/dashboard",
                queries="web_analytics/dashboard",
                table_names={_TABLE_IN_QUERIES: table.table_name} if renamed else {},
                more_permissions=_use_key(names),
            ),
            settings=config.web_analytics_dashboard,
            log=LogSettings(config.log_retention_in_days, names.encryption_key_arn),
        )


def _use_key(names: Names) -> dict[str, Permission]:
    if names.encryption_key_arn is None:
        return {}
    of_bucket = {"bucket_arn": names.bucket_arn, "region": names.region}
    return {"UseKeyOfBucket": use_key_for_bucket(names.encryption_key_arn, **of_bucket)}
