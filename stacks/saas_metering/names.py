"""The names by which the stacks know one another's resources (docs/decisions/0001)."""

from __future__ import annotations

from aws_cdk import Stack

from stacks.common.pseudo_parameters import partition
from stacks.saas_metering.config import ATHENA_RESULTS, SaasMeteringConfig
from stacks.saas_metering.config_values import DELIVERY_STREAM_PREFIX

API = "random-strings"
API_STAGE = "prod"
RANDOM_STRINGS_FUNCTION = "random-strings"
MERGE_FUNCTION = "restapi-access-log-merge-small-files"
MERGE_RULE = "restapi-access-log-merge-small-files"
METRICS_NAMESPACE = "SaaSMetering"


class Names:
    """Physical names and ARNs, as a given stack spells them."""

    def __init__(self, stack: Stack, config: SaasMeteringConfig) -> None:
        firehose, tables = config.firehose, config.merge_small_files_lambda_env
        self._region, self._account = stack.region, stack.account

        default_bucket = f"apigw-access-log-to-firehose-{self._region}-{self._account}"
        self.bucket = default_bucket if firehose.s3_bucket is None else firehose.s3_bucket
        self.bucket_arn = f"arn:{partition()}:s3:::{self.bucket}"
        self.json_folder = firehose.s3_output_folder
        self.parquet_folder = tables.NEW_TABLE_S3_FOLDER_NAME
        self.athena_results = f"s3://{self.bucket}/{ATHENA_RESULTS}/"

        self.delivery_stream = f"{DELIVERY_STREAM_PREFIX}{firehose.stream_name}"
        self.delivery_stream_arn = self.arn("firehose", f"deliverystream/{self.delivery_stream}")

        self.work_group_arn = self.arn("athena", f"workgroup/{config.athena_work_group_name}")
        self.catalog_arn = self.arn("glue", "catalog")
        self.old_table_arn = self.table_arn(tables.OLD_DATABASE, tables.OLD_TABLE_NAME)
        self.new_table_arn = self.table_arn(tables.NEW_DATABASE, tables.NEW_TABLE_NAME)
        self.merge_rule_arn = self.arn("events", f"rule/{MERGE_RULE}")

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{partition()}:{service}:{self._region}:{self._account}:{resource}"

    def database_arn(self, database: str) -> str:
        return self.arn("glue", f"database/{database}")

    def table_arn(self, database: str, table: str) -> str:
        return self.arn("glue", f"table/{database}/{table}")

    def folder_arn(self, folder: str) -> str:
        return f"{self.bucket_arn}/{folder}/*"
