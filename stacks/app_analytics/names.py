"""The names by which the stacks know one another's resources; they come from the configuration alone."""

from __future__ import annotations

from aws_cdk import Stack

from stacks.app_analytics.config import AppAnalyticsConfig
from stacks.common.pseudo_parameters import partition

DATABASE = "serverless-app-analytics-database"
"""In SQL it stands in double quotes, in DDL in backticks: it has hyphens."""

TABLE = "firehose"
"""A crawler names a table by its folder."""

RAW_FOLDER = "raw/firehose"
RAW_PREFIX = f"{RAW_FOLDER}/!{{timestamp:yyyy}}/!{{timestamp:MM}}/!{{timestamp:dd}}/!{{timestamp:HH}}/"
ERROR_FOLDER = "error"
ERROR_PREFIX = f"{ERROR_FOLDER}/!{{firehose:error-output-type}}/!{{timestamp:yyyy/MM/dd/HH}}/"
RESULTS_FOLDER = "athena-results"

PARTITION_KEYS = ("partition_0", "partition_1", "partition_2", "partition_3")
"""Year, month, day and hour: a crawler numbers folders that have no `key=` in their names."""

WORK_GROUP = "app-analytics"
CRAWLER = "app-analytics"


class Names:
    """Physical names and ARNs, as a given stack spells them."""

    def __init__(self, stack: Stack, config: AppAnalyticsConfig) -> None:
        delivery = config.app_analytics.delivery
        self.region = stack.region
        self.account = stack.account

        default_bucket = f"app-analytics-{self.region}-{self.account}"
        self.bucket = default_bucket if delivery.s3_bucket_name is None else delivery.s3_bucket_name
        self.bucket_arn = f"arn:{partition()}:s3:::{self.bucket}"
        self.raw_location = f"s3://{self.bucket}/{RAW_FOLDER}/"
        self.raw_objects_arn = f"{self.bucket_arn}/{RAW_FOLDER}/*"
        self.results_location = f"s3://{self.bucket}/{RESULTS_FOLDER}/"
        self.result_objects_arn = f"{self.bucket_arn}/{RESULTS_FOLDER}/*"

        self.delivery_stream = delivery.delivery_stream_name
        self.delivery_stream_arn = self._arn("firehose", f"deliverystream/{self.delivery_stream}")
        self.log_groups_arn = self._arn("logs", "log-group")

        self.catalog_arn = self._arn("glue", "catalog")
        self.database_arn = self._arn("glue", f"database/{DATABASE}")
        self.default_database_arn = self._arn("glue", "database/default")
        self.table_arn = self._arn("glue", f"table/{DATABASE}/{TABLE}")
        self.data_catalog_arn = self._arn("athena", "datacatalog/AwsDataCatalog")
        self.work_group_arn = self._arn("athena", f"workgroup/{WORK_GROUP}")

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{partition()}:{service}:{self.region}:{self.account}:{resource}"
