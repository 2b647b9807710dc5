"""The delivery stream: apps and log agents write JSON to it, and it lands in the bucket by the hour.

https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.app_analytics.config import AppAnalyticsConfig
from stacks.app_analytics.names import ERROR_PREFIX, RAW_PREFIX, Names
from stacks.common.delivery_stream import Buffering
from stacks.common.log_group import LogSettings, add_log_group
from stacks.common.s3_delivery_stream import S3DeliveryStream, S3Output
from stacks.common.stack import TaggedStack


class DeliveryStack(TaggedStack):
    """Delivery stream, its role and its error log."""

    def __init__(
        self, scope: Construct, id: str, *, config: AppAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="App analytics: delivery stream", settings=config, env=env)
        names, settings = Names(self, config), config.app_analytics.delivery
        stream = S3DeliveryStream(
            self,
            "DeliveryStream",
            name=names.delivery_stream,
            output=S3Output(names.bucket_arn, RAW_PREFIX, ERROR_PREFIX, settings.compression),
            buffering=Buffering(settings.interval_in_seconds, settings.size_in_mbs),
            log_group=add_log_group(self, "Log", settings=LogSettings(config.log_retention_in_days)),
            newlines=settings.newline_after_records,
        )
        CfnOutput(self, "DataFirehoseStreamName", value=stream.ref)
