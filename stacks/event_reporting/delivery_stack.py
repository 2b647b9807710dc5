"""The delivery stream that makes Parquet of the events, in folders by the day of their arrival.

https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.common.delivery_stream import Buffering
from stacks.common.log_group import LogSettings, add_log_group
from stacks.common.s3_delivery_stream import GlueTableName, S3DeliveryStream, S3Output
from stacks.common.stack import TaggedStack
from stacks.event_reporting.config import EventReportingConfig
from stacks.event_reporting.names import DAY_COLUMN, ERROR_FOLDER, EVENTS_FOLDER, TABLE, Names

_DAY = "!{timestamp:yyyy-MM-dd}"


class DeliveryStack(TaggedStack):
    """Delivery stream, its role and its error log."""

    def __init__(
        self, scope: Construct, id: str, *, config: EventReportingConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="Event reporting: delivery stream", settings=config, env=env)
        names, hints = Names(self, config), config.event_reporting.buffering_hints
        stream = S3DeliveryStream(
            self,
            "DeliveryStream",
            name=names.delivery_stream,
            output=S3Output(
                bucket_arn=names.events_bucket_arn,
                prefix=f"{EVENTS_FOLDER}{DAY_COLUMN}={_DAY}/",
                error_output_prefix=f"{ERROR_FOLDER}!{{firehose:error-output-type}}/{DAY_COLUMN}={_DAY}/",
            ),
            buffering=Buffering(hints.interval_in_seconds, hints.size_in_mbs),
            table=GlueTableName(names.database, TABLE),
            log_group=add_log_group(
                self,
                "Log",
                name=names.delivery_log_group,
                settings=LogSettings(config.log_retention_in_days),
            ),
        )
        CfnOutput(self, "DeliveryStreamName", value=stream.ref)
