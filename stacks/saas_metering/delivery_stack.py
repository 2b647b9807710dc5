"""Where the access log goes: the bucket, and the delivery stream that writes to it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-logging-to-kinesis.html
"""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.common.data_bucket import DataBucket, Expiry
from stacks.common.delivery_stream import Buffering
from stacks.common.log_group import LogSettings, add_log_group
from stacks.common.s3_delivery_stream import S3DeliveryStream, S3Output
from stacks.common.stack import TaggedStack
from stacks.saas_metering.config import ATHENA_RESULTS, SaasMeteringConfig
from stacks.saas_metering.names import Names

_QUERY_RESULTS_EXPIRE_AFTER_DAYS = 7


class DeliveryStack(TaggedStack):
    """Bucket and delivery stream: log lines as they came, in a folder an hour (UTC)."""

    def __init__(
        self, scope: Construct, id: str, *, config: SaasMeteringConfig, env: Environment | None
    ) -> None:
        super().__init__(
            scope, id, description="SaaS metering: delivery of the access log", settings=config, env=env
        )
        names, firehose = Names(self, config), config.firehose
        log = LogSettings(config.log_retention_in_days)
        bucket = DataBucket(
            self,
            "Bucket",
            name=names.bucket,
            keep=config.keep_data_on_destroy,
            log=log,
            expiries=list(_expiries(config)),
        )
        group = add_log_group(self, "Log", name=f"/aws/kinesisfirehose/{names.delivery_stream}", settings=log)
        stream = S3DeliveryStream(
            self,
            "DeliveryStream",
            name=names.delivery_stream,
            output=S3Output(names.bucket_arn, firehose.prefix, firehose.error_output_prefix),
            buffering=Buffering(firehose.buffer_interval_in_seconds, firehose.buffer_size_in_mbs),
            log_group=group,
        )
        stream.node.add_dependency(bucket)
        CfnOutput(self, "S3DestBucket", value=bucket.bucket_name)
        CfnOutput(self, "DataFirehoseStreamName", value=stream.ref)


def _expiries(config: SaasMeteringConfig) -> Iterator[Expiry]:
    """What S3 deletes; the settings keep the merged table's folder apart from these."""
    yield Expiry("QueryResults", f"{ATHENA_RESULTS}/", _QUERY_RESULTS_EXPIRE_AFTER_DAYS)
    days = config.saas_metering.raw_log_expires_after_days
    if days is not None:
        yield Expiry("RawLog", f"{config.firehose.s3_output_folder}/", days)
