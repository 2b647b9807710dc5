"""The names by which the stacks know one another's resources.

They come from the configuration, never from cross-stack exports, so that each stack is deployed, updated and
destroyed alone (docs/decisions/0001).
"""

from __future__ import annotations

from hashlib import sha256

from aws_cdk import Stack

from stacks.common.pseudo_parameters import partition
from stacks.web_analytics.config import WebAnalyticsConfig

TRANSFORM_FUNCTION = "web-analytics-firehose-data-transform"
TRANSFORM_TIMEOUT_IN_SECONDS = 60
METRICS_NAMESPACE = "WebAnalytics"
API = "log-collector"
API_STAGE = "v1"
KEY_ALIAS = "alias/web-analytics"
KEY_ARN_PARAMETER = "/web-analytics/encryption-key-arn"


class Names:
    """Physical names and ARNs, as a given stack spells them."""

    def __init__(self, stack: Stack, config: WebAnalyticsConfig) -> None:
        firehose = config.data_firehose_configuration
        table = firehose.destination_iceberg_table_configuration
        self.region = stack.region
        self.account = stack.account

        self.stream_arn = self._arn("kinesis", f"stream/{config.kinesis_stream_name}")
        default_bucket = f"web-analytics-{self.region}-{self.account}"
        self.bucket = default_bucket if firehose.s3_bucket_name is None else firehose.s3_bucket_name
        self.bucket_arn = f"arn:{partition()}:s3:::{self.bucket}"
        self.table_location = f"s3://{self.bucket}/{firehose.output_prefix}"
        self.table_objects_arn = f"{self.bucket_arn}/{firehose.output_prefix}/*"

        self.catalog_arn = self._arn("glue", "catalog")
        self.database_arn = self._arn("glue", f"database/{table.database_name}")
        self.table_arn = self._arn("glue", f"table/{table.database_name}/{table.table_name}")

        self.delivery_stream = _delivery_stream(config.kinesis_stream_name)
        self.encryption_key_arn = _encryption_key_arn(config)
        self.transform_function_arn = self._arn("lambda", f"function:{TRANSFORM_FUNCTION}")
        self.delivery_role = f"web-analytics-firehose-delivery-{self.region}"
        self.delivery_role_arn = self._role_arn(self.delivery_role)
        self.optimizer_role = f"web-analytics-table-optimizer-{self.region}"
        self.optimizer_role_arn = self._role_arn(self.optimizer_role)
        self.log_groups_arn = self._arn("logs", "log-group")
        self.delivery_log_group = "/aws/kinesisfirehose/web-analytics"
        self.delivery_log_streams_arn = f"{self.log_groups_arn}:{self.delivery_log_group}:log-stream:*"

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{partition()}:{service}:{self.region}:{self.account}:{resource}"

    def _role_arn(self, name: str) -> str:
        return f"arn:{partition()}:iam::{self.account}:role/{name}"


def _delivery_stream(source: str) -> str:
    """Another name for another source, which replaces the delivery stream (docs/decisions/0075)."""
    return f"web-analytics-{sha256(source.encode()).hexdigest()[:8]}"


def _encryption_key_arn(config: WebAnalyticsConfig) -> str | None:
    """The customer-managed key, if one is wanted; CloudFormation looks up the one that the app created."""
    if not config.encryption.customer_managed_key:
        return None
    given = config.encryption.key_arn
    return f"{{{{resolve:ssm:{KEY_ARN_PARAMETER}}}}}" if given is None else given
