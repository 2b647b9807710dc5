"""The delivery stream that writes web events to the Iceberg table.

https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-destination.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.common.delivery_stream import Buffering, IcebergDeliveryStream, Table, Transformation
from stacks.common.log_group import LogSettings, add_log_group
from stacks.common.stack import TaggedStack
from stacks.web_analytics.config import DataFirehose, WebAnalyticsConfig
from stacks.web_analytics.names import Names


class DeliveryStreamStack(TaggedStack):
    """Delivery stream and error log."""

    def __init__(
        self, scope: Construct, id: str, *, config: WebAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="Web analytics: delivery stream", settings=config, env=env)
        names = Names(self, config)
        settings = config.data_firehose_configuration
        stream = IcebergDeliveryStream(
            self,
            "DeliveryStream",
            name=names.delivery_stream,
            source_stream_arn=names.stream_arn,
            role_arn=names.delivery_role_arn,
            table=_table(names, settings),
            buffering=Buffering(
                settings.buffering_hints.interval_in_seconds, settings.buffering_hints.size_in_mbs
            ),
            transformation=_transformation(names, settings),
            bucket_arn=names.bucket_arn,
            error_output_prefix=settings.error_output_prefix,
            retry_duration_in_seconds=settings.retry_duration_in_seconds,
            log_group=add_log_group(
                self,
                "Log",
                name=names.delivery_log_group,
                settings=LogSettings(config.log_retention_in_days, names.encryption_key_arn),
            ),
        )
        CfnOutput(self, "DataFirehoseStreamName", value=stream.ref)


def _table(names: Names, settings: DataFirehose) -> Table:
    table = settings.destination_iceberg_table_configuration
    return Table(names.catalog_arn, table.database_name, table.table_name, table.unique_keys)


def _transformation(names: Names, settings: DataFirehose) -> Transformation:
    transform = settings.transform_records_with_aws_lambda
    return Transformation(
        function_arn=names.transform_function_arn,
        buffering=Buffering(transform.buffer_interval, transform.buffer_size),
        retries=transform.number_of_retries,
    )
