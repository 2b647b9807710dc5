"""The settings of the main system, each with the limit that AWS puts on it.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_IcebergDestinationConfiguration.html
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from stacks.common.avro_schema import columns
from stacks.common.partitions import PartitionField, parse_partition_field
from stacks.config import CommonConfig, Section

WEB_LOG_COLUMNS = columns("web_analytics/web_log.avsc")

_EXPRESSION = re.compile(r"!\{(firehose:(error-output-type|random-string)|timestamp:[^{}]+)\}")
_ERROR_TYPE = "!{firehose:error-output-type}"


_DNS_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"


def _allowed(words: str) -> object:
    """What the errors and docs/configuration.md say that a value may be."""
    return Field(json_schema_extra={"allowed": words})


StreamName = Annotated[
    str,
    Field(pattern=r"^[a-zA-Z0-9_.-]+$", max_length=128),
    _allowed("1-128 letters, digits, hyphens, underscores and periods"),
]
BucketName = Annotated[
    str,
    Field(pattern=rf"^{_DNS_LABEL}(?:\.{_DNS_LABEL})*$", min_length=3, max_length=63),
    _allowed("a bucket name: 3-63 lower-case letters, digits, hyphens and periods"),
]
ObjectKey = Annotated[
    str,
    Field(pattern=r"^[^/]", max_length=1024),
    _allowed("an object key: 1-1024 characters, the first no slash"),
]
GlueName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9_]+$", max_length=255),
    _allowed("1-255 lower-case letters, digits and underscores"),
]


def _column_of_the_table(name: str) -> str:
    names = [column.name for column in WEB_LOG_COLUMNS]
    if name not in names:
        raise ValueError(f"must be a column of the table: {', '.join(names)} (got {name!r})")
    return name


def _partition_term(text: str) -> str:
    _column_of_the_table(parse_partition_field(text).column)
    return text


def _folder(prefix: str) -> str:
    """A folder without its final slash."""
    folder = prefix.rstrip("/")
    if not folder or folder.startswith("/") or "!{" in folder:
        raise ValueError(f"must be a folder in the bucket, without expressions (got {prefix!r})")
    return folder


def _error_prefix(prefix: str) -> str:
    """A prefix as Firehose wants it, with the final slash that keeps object names off the error type."""
    if "!{" in _EXPRESSION.sub("", prefix):
        raise ValueError(
            "must use no expressions but !{firehose:error-output-type}, !{firehose:random-string} and "
            f"!{{timestamp:...}} (got {prefix!r})"
        )
    if _ERROR_TYPE not in prefix:
        raise ValueError(f"must contain {_ERROR_TYPE} (got {prefix!r})")
    if len(prefix) > 512 or prefix.startswith("/"):
        raise ValueError(f"must be at most 512 characters and not start with a slash (got {prefix!r})")
    return prefix if prefix.endswith("/") else f"{prefix}/"


ColumnName = Annotated[str, AfterValidator(_column_of_the_table), _allowed("a column of the table")]
PartitionTerm = Annotated[
    str,
    AfterValidator(_partition_term),
    _allowed("a column, `day(column)`, `bucket(16, column)` or the like"),
]
Folder = Annotated[str, AfterValidator(_folder), _allowed("a folder, without expressions")]
ErrorPrefix = Annotated[
    str,
    AfterValidator(_error_prefix),
    _allowed("a prefix with `!{firehose:error-output-type}`, at most 512 characters"),
]


class KinesisProxyApi(Section):
    """The HTTP API in front of the stream."""

    authorization: Literal["none", "reads", "all"] = "none"
    """Who must sign requests with IAM (SigV4): nobody, callers of the two GETs, or everybody."""

    throttling_rate_limit: int = Field(default=1000, ge=1, le=10_000)
    """Requests a second that the stage accepts; more are answered 429."""

    throttling_burst_limit: int = Field(default=2000, ge=1, le=5_000)
    """Requests that the stage accepts at once."""

    access_log: Literal["create-account-role", "use-account-role", "off"] = "create-account-role"
    """Whether API Gateway writes an access log, and with which role: one role serves all APIs of an account
    and region; the app creates it, or the account has it."""


class TransformLambda(Section):
    """Where the transform function's layer comes from."""

    s3_bucket_name: BucketName | None = None
    """The bucket to which `build-aws-lambda-layer-package.sh BUCKET` uploaded the layer; without it the app
    takes `dist/fastavro-lib.zip`."""

    s3_object_key: ObjectKey = "var/fastavro-lib.zip"
    """The layer's key in that bucket."""


class BufferingHints(Section):
    """When Firehose writes to the table: at the first of the two."""

    interval_in_seconds: int = Field(default=60, ge=0, le=900)
    """Seconds to wait."""

    size_in_mbs: int = Field(default=128, ge=1, le=128)
    """Megabytes to collect."""


class TransformRecords(Section):
    """How Firehose calls the transform function."""

    buffer_size: float = Field(default=1, ge=0.2, le=3)
    """Megabytes of records in one invocation; the function's answer must stay under 6 MB."""

    buffer_interval: int = Field(default=60, ge=0, le=900)
    """Seconds to wait for them."""

    number_of_retries: int = Field(default=3, ge=0, le=300)
    """Attempts after a failed invocation."""


class IcebergTable(Section):
    """The table that receives the events."""

    database_name: GlueName = "web_log_iceberg_db"
    """The Glue database."""

    table_name: GlueName = "web_log_iceberg"
    """The Iceberg table."""

    unique_keys: tuple[ColumnName, ...] = ()
    """Columns that identify a row: with them a record replaces the row of the same keys in its partition,
    without them every record is a new row."""

    create_table: bool = True
    """Whether the app creates database, table and optimizers; `false` leaves them to your own Athena DDL."""

    partition_by: tuple[PartitionTerm, ...] = ("event", "day(timestamp)")
    """The partition spec of the created table, in the words of Athena's DDL."""

    @property
    def partition_fields(self) -> list[PartitionField]:
        return [parse_partition_field(term) for term in self.partition_by]


class DataFirehose(Section):
    """The delivery stream and what it delivers to."""

    s3_bucket_name: BucketName | None = None
    """The bucket's name; without it `web-analytics-{region}-{account}`."""

    buffering_hints: BufferingHints = BufferingHints()
    transform_records_with_aws_lambda: TransformRecords = TransformRecords()
    destination_iceberg_table_configuration: IcebergTable = IcebergTable()

    retry_duration_in_seconds: int = Field(default=300, ge=0, le=7200)
    """How long Firehose tries to deliver a buffer before it writes it to the error prefix."""

    output_prefix: Folder = "web_log_iceberg_db/web_log_iceberg"
    """The table's folder in the bucket."""

    error_output_prefix: ErrorPrefix = (
        "error/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
        "!{firehose:error-output-type}/"
    )
    """Where undeliverable records go; a missing final slash is added."""

    @model_validator(mode="after")
    def _errors_lie_outside_the_table(self) -> DataFirehose:
        """The orphan-file optimizer deletes what lies in the table's folder and is no part of the table."""
        if self.error_output_prefix.startswith(f"{self.output_prefix}/"):
            raise ValueError(
                f"error_output_prefix must lie outside output_prefix {self.output_prefix!r} "
                f"(got {self.error_output_prefix!r})"
            )
        return self


class WebAnalyticsConfig(CommonConfig):
    """Everything that the main system can be told."""

    kinesis_stream_name: StreamName = "PUT-Firehose-aEhWz"
    """The Kinesis data stream."""

    kinesis_proxy_api: KinesisProxyApi = KinesisProxyApi()
    firehose_data_tranform_lambda: TransformLambda = TransformLambda()
    data_firehose_configuration: DataFirehose = DataFirehose()
