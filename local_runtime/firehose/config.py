"""A delivery stream's settings, read from its CloudFormation resource.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesisfirehose-deliverystream.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_runtime.assembly import Resource
from local_runtime.errors import UnsupportedResourceError

MIB = 1024 * 1024


@dataclass(frozen=True)
class Buffering:
    """Deliver when this many bytes wait, or the oldest has waited this many seconds."""

    size_bytes: int
    interval_seconds: float


@dataclass(frozen=True)
class TransformSettings:
    """The Lambda processor: what it is called with and how often it is tried."""

    function_arn: str
    buffering: Buffering
    retries: int


@dataclass(frozen=True)
class ErrorOutput:
    """Where records that could not be delivered are kept."""

    bucket: str
    prefix: str
    compressed: bool


@dataclass(frozen=True)
class TableRoute:
    """One entry of `DestinationTableConfigurationList`."""

    database: str
    table: str
    unique_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeliveryStreamSettings:
    """One `AWS::KinesisFirehose::DeliveryStream` with a Kinesis source and an Iceberg destination."""

    name: str
    arn: str
    source_stream_arn: str
    buffering: Buffering
    transform: TransformSettings | None
    error_output: ErrorOutput
    tables: tuple[TableRoute, ...]

    @classmethod
    def from_resource(cls, resource: Resource) -> DeliveryStreamSettings:
        """Read the template's properties.

        Raises:
            UnsupportedResourceError: a source, destination or processor that the local run does not play.
        """
        reader = _Reader(resource)
        iceberg = reader.iceberg_destination()
        s3 = iceberg["S3Configuration"]
        return cls(
            name=resource.physical_id,
            arn=resource.arn,
            source_stream_arn=reader.source_stream_arn(),
            buffering=_buffering(iceberg.get("BufferingHints", {}), size=5, interval=300),
            transform=reader.transform(iceberg.get("ProcessingConfiguration", {})),
            error_output=ErrorOutput(
                bucket=s3["BucketARN"].rsplit(":", 1)[1],
                prefix=s3.get("ErrorOutputPrefix", ""),
                compressed=s3.get("CompressionFormat", "UNCOMPRESSED") == "GZIP",
            ),
            tables=reader.tables(iceberg),
        )


def _buffering(hints: Mapping[str, Any], *, size: float, interval: float) -> Buffering:
    return Buffering(
        size_bytes=int(float(hints.get("SizeInMBs", size)) * MIB),
        interval_seconds=float(hints.get("IntervalInSeconds", interval)),
    )


class _Reader:
    """Reads one resource; names it in every refusal."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource

    def _unsupported(self, detail: str) -> UnsupportedResourceError:
        resource = self._resource
        return UnsupportedResourceError(resource.type, resource.stack, resource.logical_id, detail)

    def source_stream_arn(self) -> str:
        kind = self._resource.properties.get("DeliveryStreamType", "DirectPut")
        if kind != "KinesisStreamAsSource":
            raise self._unsupported(f"DeliveryStreamType must be KinesisStreamAsSource (got {kind!r})")
        return str(self._resource.properties["KinesisStreamSourceConfiguration"]["KinesisStreamARN"])

    def iceberg_destination(self) -> Mapping[str, Any]:
        properties = self._resource.properties
        others = [key for key in properties if key.endswith("DestinationConfiguration")]
        if others != ["IcebergDestinationConfiguration"]:
            raise self._unsupported(f"the destination must be Iceberg (got {', '.join(others) or 'none'})")
        destination: Mapping[str, Any] = properties["IcebergDestinationConfiguration"]
        return destination

    def tables(self, iceberg: Mapping[str, Any]) -> tuple[TableRoute, ...]:
        entries = iceberg.get("DestinationTableConfigurationList", [])
        routes = tuple(
            TableRoute(
                database=entry["DestinationDatabaseName"],
                table=entry["DestinationTableName"],
                unique_keys=tuple(entry.get("UniqueKeys", [])),
            )
            for entry in entries
        )
        if any(route.unique_keys for route in routes):
            raise self._unsupported("UniqueKeys: the local run inserts; it does not merge by unique keys yet")
        return routes

    def transform(self, processing: Mapping[str, Any]) -> TransformSettings | None:
        if not processing.get("Enabled", False):
            return None
        processors = processing.get("Processors", [])
        if [processor["Type"] for processor in processors] != ["Lambda"]:
            raise self._unsupported(f"the processors must be one Lambda (got {processors!r})")
        given = processors[0].get("Parameters", [])
        values = {item["ParameterName"]: item["ParameterValue"] for item in given}
        return TransformSettings(
            function_arn=values["LambdaArn"],
            buffering=Buffering(
                size_bytes=int(float(values.get("BufferSizeInMBs", 1)) * MIB),
                interval_seconds=float(values.get("BufferIntervalInSeconds", 60)),
            ),
            retries=int(values.get("NumberOfRetries", 3)),
        )
