"""A Firehose delivery stream from a Kinesis data stream, through a function, to an Iceberg table.

https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-destination.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesisfirehose-deliverystream.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import CfnResource
from aws_cdk.aws_logs import CfnLogGroup, CfnLogStream
from constructs import Construct

from stacks.common.acknowledgement import acknowledge


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


class IcebergDeliveryStream(CfnResource):
    """The stream; a change of its source or catalog replaces it, so that its name must change with them."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
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
        super().__init__(
            scope,
            id,
            type="AWS::KinesisFirehose::DeliveryStream",
            properties={
                "DeliveryStreamName": name,
                "DeliveryStreamType": "KinesisStreamAsSource",
                "KinesisStreamSourceConfiguration": {
                    "KinesisStreamARN": source_stream_arn,
                    "RoleARN": role_arn,
                },
                "IcebergDestinationConfiguration": {
                    "RoleARN": role_arn,
                    "CatalogConfiguration": {"CatalogArn": table.catalog_arn},
                    "AppendOnly": not table.unique_keys,
                    "DestinationTableConfigurationList": [_destination(table)],
                    "BufferingHints": hints(buffering),
                    "CloudWatchLoggingOptions": logging_options(log_group, "DestinationDelivery"),
                    "ProcessingConfiguration": processing(transformation, role_arn),
                    "RetryOptions": {"DurationInSeconds": retry_duration_in_seconds},
                    "s3BackupMode": "FailedDataOnly",  # AWS spells it with a small s
                    "S3Configuration": {
                        "BucketARN": bucket_arn,
                        "RoleARN": role_arn,
                        "ErrorOutputPrefix": error_output_prefix,
                        "BufferingHints": hints(buffering),
                        "CloudWatchLoggingOptions": logging_options(log_group, "BackupDelivery"),
                    },
                },
            },
        )
        acknowledge(
            self,
            "KDF1",
            "It is for Direct PUT. With a Kinesis data stream as the source, what waits is kept and "
            "encrypted there.",
        )


def _destination(table: Table) -> dict[str, object]:
    destination: dict[str, object] = {
        "DestinationDatabaseName": table.database,
        "DestinationTableName": table.name,
    }
    if table.unique_keys:
        destination["UniqueKeys"] = list(table.unique_keys)
    return destination


def hints(buffering: Buffering) -> dict[str, object]:
    return {"IntervalInSeconds": buffering.seconds, "SizeInMBs": buffering.megabytes}


def logging_options(group: CfnLogGroup, stream_name: str) -> dict[str, object]:
    """Firehose writes to a log stream that exists; the console creates one, CloudFormation does not."""
    stream = CfnLogStream(
        group.stack,
        f"{stream_name}Log",
        log_group_name=group.ref,
        log_stream_name=stream_name,
    )
    return {"Enabled": True, "LogGroupName": group.ref, "LogStreamName": stream.ref}


def processing(transformation: Transformation, role_arn: str) -> dict[str, object]:
    parameters = {
        "LambdaArn": f"{transformation.function_arn}:$LATEST",
        "RoleArn": role_arn,
        "NumberOfRetries": str(transformation.retries),
        "BufferSizeInMBs": f"{transformation.buffering.megabytes:g}",
        "BufferIntervalInSeconds": str(transformation.buffering.seconds),
    }
    return {
        "Enabled": True,
        "Processors": [
            {
                "Type": "Lambda",
                "Parameters": [
                    {"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()
                ],
            }
        ],
    }
