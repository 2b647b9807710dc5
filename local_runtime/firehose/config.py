"""A delivery stream's settings, read from its CloudFormation resource.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesisfirehose-deliverystream.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local_runtime.assembly import Resource
from local_runtime.errors import LocalRuntimeError, UnsupportedResourceError
from local_runtime.firehose.prefixes import data_prefix, expand_prefix
from local_runtime.lakehouse.object_keys import key_to_parts

MIB = 1024 * 1024
SMALLEST_CONVERSION_BUFFER = 64 * MIB
"""With record-format conversion, `SizeInMBs` is at least 64; 128 when it is not given."""


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
    zone: tzinfo = UTC
    """Of the timestamps in its objects' keys."""


@dataclass(frozen=True)
class TableRoute:
    """One entry of `DestinationTableConfigurationList`."""

    database: str
    table: str
    unique_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class IcebergOutput:
    """`IcebergDestinationConfiguration`."""

    tables: tuple[TableRoute, ...]


@dataclass(frozen=True)
class FormatConversion:
    """`DataFormatConversionConfiguration`: JSON to Parquet by the columns of a Glue table."""

    database: str
    table: str
    catalog_id: str
    region: str
    role_arn: str
    version_id: str
    case_insensitive: bool
    key_of_column: Mapping[str, str]
    dots_to_underscores: bool
    compression: str


@dataclass(frozen=True)
class S3Output:
    """`ExtendedS3DestinationConfiguration`."""

    bucket: str
    prefix: str
    compression: str
    file_extension: str
    delimiter: bytes
    conversion: FormatConversion | None
    zone: tzinfo = UTC
    """Of the timestamps in its objects' keys: `CustomTimeZone`."""


@dataclass(frozen=True)
class DeliveryStreamSettings:
    """One `AWS::KinesisFirehose::DeliveryStream`."""

    name: str
    arn: str
    source_stream_arn: str | None
    """None: producers put records straight to the delivery stream."""
    buffering: Buffering
    transform: TransformSettings | None
    error_output: ErrorOutput
    destination: IcebergOutput | S3Output

    @property
    def routes(self) -> Sequence[TableRoute]:
        """The tables that the delivery stream is configured for."""
        return self.destination.tables if isinstance(self.destination, IcebergOutput) else ()

    @classmethod
    def from_resource(cls, resource: Resource) -> DeliveryStreamSettings:
        """Read the template's properties.

        Raises:
            UnsupportedResourceError: a source, destination or processor that the local run does not play.
        """
        reader = _Reader(resource)
        kind, given = reader.destination()
        processors = reader.processors(given.get("ProcessingConfiguration", {}))
        conversion = reader.conversion(given.get("DataFormatConversionConfiguration", {}))
        s3 = given["S3Configuration"] if kind == _ICEBERG else given
        return cls(
            name=resource.physical_id,
            arn=resource.arn,
            source_stream_arn=reader.source_stream_arn(),
            buffering=_buffering(
                given.get("BufferingHints", {}), size=5 if conversion is None else 128, interval=300
            ),
            transform=_transform(processors.get("Lambda")),
            error_output=reader.error_output(s3),
            destination=IcebergOutput(_tables(given))
            if kind == _ICEBERG
            else reader.s3(given, conversion, _delimiter(processors)),
        )


_ICEBERG = "IcebergDestinationConfiguration"
_EXTENDED_S3 = "ExtendedS3DestinationConfiguration"
_PROCESSORS = ("Lambda", "AppendDelimiterToRecord")
_ERROR_TYPE = "!{firehose:error-output-type}"
_EPOCH, _ANY_OBJECT = datetime.fromtimestamp(0, UTC), uuid.UUID(int=0)
_EXTENSIONS = {"UNCOMPRESSED": "", "GZIP": ".gz"}
_OPENX, _PARQUET = "OpenXJsonSerDe", "ParquetSerDe"
_PARQUET_COMPRESSIONS = ("SNAPPY", "GZIP", "UNCOMPRESSED")


def _buffering(hints: Mapping[str, Any], *, size: float, interval: float) -> Buffering:
    return Buffering(
        size_bytes=int(float(hints.get("SizeInMBs", size)) * MIB),
        interval_seconds=float(hints.get("IntervalInSeconds", interval)),
    )


def _bucket(s3: Mapping[str, Any]) -> str:
    return str(s3["BucketARN"]).rsplit(":", 1)[1]


def _compression(s3: Mapping[str, Any]) -> str:
    return str(s3.get("CompressionFormat", "UNCOMPRESSED"))


def _tables(iceberg: Mapping[str, Any]) -> tuple[TableRoute, ...]:
    return tuple(
        TableRoute(
            database=entry["DestinationDatabaseName"],
            table=entry["DestinationTableName"],
            unique_keys=tuple(entry.get("UniqueKeys", [])),
        )
        for entry in iceberg.get("DestinationTableConfigurationList", [])
    )


def _transform(parameters: Mapping[str, Any] | None) -> TransformSettings | None:
    if parameters is None:
        return None
    return TransformSettings(
        function_arn=parameters["LambdaArn"],
        buffering=Buffering(
            size_bytes=int(float(parameters.get("BufferSizeInMBs", 1)) * MIB),
            interval_seconds=float(parameters.get("BufferIntervalInSeconds", 60)),
        ),
        retries=int(parameters.get("NumberOfRetries", 3)),
    )


def _delimiter(processors: Mapping[str, Mapping[str, Any]]) -> bytes:
    parameters = processors.get("AppendDelimiterToRecord")
    if parameters is None:
        return b""
    # The template says `\n` with a backslash, which CloudFormation passes on as it stands.
    return str(parameters.get("Delimiter", "\\n")).replace("\\n", "\n").encode()


class _Reader:
    """Reads one resource; names it in every refusal."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource

    def _unsupported(self, detail: str) -> UnsupportedResourceError:
        resource = self._resource
        return UnsupportedResourceError(resource.type, resource.stack, resource.logical_id, detail)

    def source_stream_arn(self) -> str | None:
        kind = self._resource.properties.get("DeliveryStreamType", "DirectPut")
        if kind == "DirectPut":
            return None
        if kind != "KinesisStreamAsSource":
            raise self._unsupported(
                f"DeliveryStreamType must be KinesisStreamAsSource or DirectPut (got {kind!r})"
            )
        return str(self._resource.properties["KinesisStreamSourceConfiguration"]["KinesisStreamARN"])

    def destination(self) -> tuple[str, Mapping[str, Any]]:
        """The destination's property and what it holds."""
        properties = self._resource.properties
        found = [key for key in properties if key.endswith("DestinationConfiguration")]
        if len(found) != 1 or found[0] not in (_ICEBERG, _EXTENDED_S3):
            raise self._unsupported(
                f"there must be one destination, {_ICEBERG} or {_EXTENDED_S3} "
                f"(got {', '.join(found) or 'none'})"
            )
        return found[0], properties[found[0]]

    def processors(self, processing: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Processor type -> its parameters."""
        if not processing.get("Enabled", False):
            return {}
        found: dict[str, dict[str, Any]] = {}
        for processor in processing.get("Processors", []):
            kind = processor["Type"]
            if kind not in _PROCESSORS or kind in found:
                raise self._unsupported(
                    f"a processor is one of {', '.join(_PROCESSORS)}, once (got {kind!r})"
                )
            found[kind] = {
                item["ParameterName"]: item["ParameterValue"] for item in processor.get("Parameters", [])
            }
        return found

    def error_output(self, given: Mapping[str, Any]) -> ErrorOutput:
        prefix = self._error_prefix(given)
        self._check_prefix(
            lambda: expand_prefix(prefix, _EPOCH, error_output_type="x", object_id=_ANY_OBJECT)
        )
        return ErrorOutput(_bucket(given), prefix, _compression(given) == "GZIP", self.zone(given))

    def _error_prefix(self, given: Mapping[str, Any]) -> str:
        """https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html"""
        prefix, data = str(given.get("ErrorOutputPrefix", "")), str(given.get("Prefix", ""))
        if not prefix:
            if "!{" in data:
                raise self._unsupported("there must be an ErrorOutputPrefix where Prefix has expressions")
            return f"{data}{_ERROR_TYPE}/!{{timestamp:yyyy/MM/dd/HH}}/"
        if "!{" in prefix and _ERROR_TYPE not in prefix:
            raise self._unsupported(f"an ErrorOutputPrefix with expressions must have {_ERROR_TYPE}")
        return prefix

    def zone(self, given: Mapping[str, Any]) -> tzinfo:
        """https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html"""
        name = given.get("CustomTimeZone", "UTC")
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise self._unsupported(f"CustomTimeZone: there is no time zone {name!r}") from None

    def _check_prefix(self, expand: Callable[[], str]) -> None:
        """Found now, and not when the first batch would be delivered again and again."""
        try:
            key_to_parts("", f"{expand()}object")
        except LocalRuntimeError as error:
            raise self._unsupported(str(error)) from None

    def s3(self, given: Mapping[str, Any], conversion: FormatConversion | None, delimiter: bytes) -> S3Output:
        if given.get("DynamicPartitioningConfiguration", {}).get("Enabled", False):
            raise self._unsupported("DynamicPartitioningConfiguration: the local run has no JQ")
        compression = _compression(given)
        if compression not in _EXTENSIONS:
            raise self._unsupported(
                f"CompressionFormat must be {' or '.join(_EXTENSIONS)} (got {compression!r})"
            )
        if conversion is not None and compression != "UNCOMPRESSED":
            raise self._unsupported(
                "CompressionFormat must be UNCOMPRESSED with DataFormatConversionConfiguration: "
                f"Parquet compresses by itself (got {compression!r})"
            )
        prefix = given.get("Prefix", "")
        self._check_prefix(lambda: data_prefix(prefix, _EPOCH, object_id=_ANY_OBJECT))
        extension = ".parquet" if conversion is not None else _EXTENSIONS[compression]
        return S3Output(
            bucket=_bucket(given),
            prefix=prefix,
            compression=compression,
            file_extension=given.get("FileExtension", extension),
            delimiter=delimiter,
            conversion=conversion,
            zone=self.zone(given),
        )

    def conversion(self, given: Mapping[str, Any]) -> FormatConversion | None:
        if not given or not given.get("Enabled", True):
            return None
        deserializer = given["InputFormatConfiguration"]["Deserializer"]
        serializer = given["OutputFormatConfiguration"]["Serializer"]
        if list(deserializer) != [_OPENX] or list(serializer) != [_PARQUET]:
            raise self._unsupported(
                f"DataFormatConversionConfiguration goes from {_OPENX} to {_PARQUET} "
                f"(got {', '.join(deserializer)} to {', '.join(serializer)})"
            )
        openx, schema = deserializer[_OPENX], given["SchemaConfiguration"]
        compression = serializer[_PARQUET].get("Compression", "SNAPPY")
        if compression not in _PARQUET_COMPRESSIONS:
            raise self._unsupported(
                f"ParquetSerDe.Compression must be one of {', '.join(_PARQUET_COMPRESSIONS)} "
                f"(got {compression!r})"
            )
        self._check_conversion_buffer()
        return FormatConversion(
            database=schema["DatabaseName"],
            table=schema["TableName"],
            catalog_id=str(schema.get("CatalogId", "")),
            region=str(schema.get("Region", "")),
            role_arn=str(schema.get("RoleARN", "")),
            version_id=str(schema.get("VersionId", "LATEST")),
            case_insensitive=bool(openx.get("CaseInsensitive", True)),
            key_of_column=openx.get("ColumnToJsonKeyMappings", {}),
            dots_to_underscores=bool(openx.get("ConvertDotsInJsonKeysToUnderscores", False)),
            compression=compression,
        )

    def _check_conversion_buffer(self) -> None:
        _, given = self.destination()
        hints = given.get("BufferingHints", {})
        buffering = _buffering(hints, size=128, interval=300)
        if buffering.size_bytes < SMALLEST_CONVERSION_BUFFER:
            raise self._unsupported(
                "BufferingHints.SizeInMBs must be at least 64 with DataFormatConversionConfiguration "
                f"(got {hints['SizeInMBs']})"
            )
