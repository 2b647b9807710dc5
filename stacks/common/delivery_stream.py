"""A Firehose delivery stream from a Kinesis data stream, through a function, to an Iceberg table.

https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-destination.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesisfirehose-deliverystream.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk.aws_kinesisfirehose import CfnDeliveryStream as Firehose
from aws_cdk.aws_logs import CfnLogGroup, CfnLogStream
from constructs import Construct


@dataclass(frozen=True)
class Buffering:
    """The first of the two to be reached ends a buffer."""

    seconds: int
    megabytes: float


@dataclass(frozen=True)
class Transformation:
    """The function that sees each record, and how it is called."""

    function_arn: str
    buffering: Buffering
    retries: int


@dataclass(frozen=True)
class Table:
    """The destination; without unique keys it is appended to."""

    catalog_arn: str
    database: str
    name: str
    unique_keys: Sequence[str]


class IcebergDeliveryStream(Firehose):
    """The stream; CloudFormation names it, because one with a fixed name could not be replaced."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        source_stream_arn: str,
        role_arn: str,
        table: Table,
        buffering: Buffering,
        transformation: Transformation,
        bucket_arn: str,
        error_output_prefix: str,
        retry_duration_in_seconds: int,
        log_group: CfnLogGroup,
    ) -> None:
        append_only = not table.unique_keys
        super().__init__(
            scope,
            id,
            delivery_stream_type="KinesisStreamAsSource",
            kinesis_stream_source_configuration=Firehose.KinesisStreamSourceConfigurationProperty(
                kinesis_stream_arn=source_stream_arn, role_arn=role_arn
            ),
            iceberg_destination_configuration=Firehose.IcebergDestinationConfigurationProperty(
                role_arn=role_arn,
                catalog_configuration=Firehose.CatalogConfigurationProperty(catalog_arn=table.catalog_arn),
                append_only=append_only,
                destination_table_configuration_list=[
                    Firehose.DestinationTableConfigurationProperty(
                        destination_database_name=table.database,
                        destination_table_name=table.name,
                        unique_keys=None if append_only else list(table.unique_keys),
                    )
                ],
                buffering_hints=_hints(buffering),
                cloud_watch_logging_options=_logging(log_group, "DestinationDelivery"),
                processing_configuration=_processing(transformation, role_arn),
                retry_options=Firehose.RetryOptionsProperty(duration_in_seconds=retry_duration_in_seconds),
                s3_backup_mode="FailedDataOnly",
                s3_configuration=Firehose.S3DestinationConfigurationProperty(
                    bucket_arn=bucket_arn,
                    role_arn=role_arn,
                    error_output_prefix=error_output_prefix,
                    buffering_hints=_hints(buffering),
                    cloud_watch_logging_options=_logging(log_group, "BackupDelivery"),
                ),
            ),
        )


def _hints(buffering: Buffering) -> Firehose.BufferingHintsProperty:
    return Firehose.BufferingHintsProperty(
        interval_in_seconds=buffering.seconds, size_in_m_bs=buffering.megabytes
    )


def _logging(group: CfnLogGroup, stream_name: str) -> Firehose.CloudWatchLoggingOptionsProperty:
    """Firehose writes to a log stream that exists; the console creates one, CloudFormation does not."""
    stream = CfnLogStream(
        group.node.scope,  # type: ignore[arg-type]
        f"{stream_name}Log",
        log_group_name=group.ref,
        log_stream_name=stream_name,
    )
    return Firehose.CloudWatchLoggingOptionsProperty(
        enabled=True, log_group_name=group.ref, log_stream_name=stream.ref
    )


def _processing(transformation: Transformation, role_arn: str) -> Firehose.ProcessingConfigurationProperty:
    parameters = {
        "LambdaArn": f"{transformation.function_arn}:$LATEST",
        "RoleArn": role_arn,
        "NumberOfRetries": str(transformation.retries),
        "BufferSizeInMBs": f"{transformation.buffering.megabytes:g}",
        "BufferIntervalInSeconds": str(transformation.buffering.seconds),
    }
    return Firehose.ProcessingConfigurationProperty(
        enabled=True,
        processors=[
            Firehose.ProcessorProperty(
                type="Lambda",
                parameters=[
                    Firehose.ProcessorParameterProperty(parameter_name=name, parameter_value=value)
                    for name, value in parameters.items()
                ],
            )
        ],
    )
