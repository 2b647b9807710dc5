"""The settings of the main system, each with the limit that AWS puts on it.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_IcebergDestinationConfiguration.html
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from stacks.common.avro_schema import Column
from stacks.common.config_values import BucketName, GlueName, ObjectKey, SourceRange, StreamName
from stacks.common.dashboard_config import WebDashboard
from stacks.common.partitions import PartitionField, parse_partition_field
from stacks.config import CommonConfig, Section
from stacks.web_analytics.bucket_folders import KEPT
from stacks.web_analytics.config_values import WEB_LOG_COLUMNS, ErrorPrefix, Folder, PartitionBy, UniqueKeys
from stacks.web_analytics.failed_records import day_folder
from stacks.web_analytics.operations_config import Encryption, Monitoring


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

    tls_policy: Literal["SecurityPolicy_TLS13_1_2_2021_06", "SecurityPolicy_TLS13_1_3_2025_09", "TLS_1_0"] = (
        "SecurityPolicy_TLS13_1_2_2021_06"
    )
    """The oldest TLS that clients may speak, by the name of API Gateway's security policy: 1.2, 1.3, or 1.0
    for very old clients."""

    allowed_source_ranges: tuple[SourceRange, ...] = Field(default=(), max_length=100)
    """Where requests may come from; without a range, from anywhere."""

    waf_rate_limit: int | None = Field(default=None, ge=10, le=2_000_000_000)
    """Requests in five minutes from one address after which AWS WAF answers 429; without a number there is no
    WAF, which costs about $6 a month and $0.60 for a million requests."""

    @property
    def signed_methods(self) -> tuple[str, ...]:
        return {"none": (), "reads": ("GET",), "all": ("GET", "PUT")}[self.authorization]


class TransformLambda(Section):
    """What the transform function does with each record, and where its layer comes from."""

    add_event_id_and_received_at: bool = True
    """Whether every row gets an `event_id` (the client's own, else made of the record's content) and a
    `received_at` (when the stream took the record); the created table has the two columns accordingly."""

    truncate_ip: bool = False
    """Whether the last octet of an IPv4 and the last 80 bits of an IPv6 address are stored as zeros."""

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

    unique_keys: UniqueKeys = ()
    """Columns that identify a row: with them a record replaces the row of the same keys in its partition,
    without them every record is a new row."""

    create_table: bool = True
    """Whether the app creates database, table and optimizers; `false` leaves them to your own Athena DDL."""

    partition_by: PartitionBy = ("event", "day(timestamp)")
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

    error_records_expire_after_days: int | None = Field(default=None, ge=1, le=3650)
    """Days after which S3 deletes undeliverable records, those that the replay tool moved to `replayed/` and
    `unrecoverable/` too; without a number they are kept."""

    @property
    def error_folder(self) -> str:
        """The error prefix as far as it is the same for all records."""
        return self.error_output_prefix.split("!{", 1)[0]

    @model_validator(mode="after")
    def _errors_lie_outside_the_table(self) -> DataFirehose:
        """The orphan-file optimizer deletes what lies in the table's folder and is no part of the table."""
        if self.error_output_prefix.startswith(f"{self.output_prefix}/"):
            raise ValueError(
                f"error_output_prefix must lie outside output_prefix {self.output_prefix!r} "
                f"(got {self.error_output_prefix!r})"
            )
        return self

    @model_validator(mode="after")
    def _only_errors_expire(self) -> DataFirehose:
        if self.error_records_expire_after_days is None:
            return self
        kept = [self.output_prefix, *KEPT]
        reached = [folder for folder in kept if f"{folder}/".startswith(self.error_folder)]
        if reached:
            raise ValueError(
                f"error_records_expire_after_days would delete what is in {', '.join(reached)}: "
                "error_output_prefix must begin with a folder in which nothing else lies "
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
    encryption: Encryption = Encryption()
    monitoring: Monitoring = Monitoring()
    web_analytics_dashboard: WebDashboard = WebDashboard()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the created table."""
        added = self.firehose_data_tranform_lambda.add_event_id_and_received_at
        return tuple(column for column in WEB_LOG_COLUMNS if added or not column.by_pipeline)

    @model_validator(mode="after")
    def _dashboard_finds_the_failed_records_of_a_day(self) -> WebAnalyticsConfig:
        if self.web_analytics_dashboard.enabled:
            day_folder(self.data_firehose_configuration.error_output_prefix)
        return self

    @model_validator(mode="after")
    def _created_table_has_the_columns_it_is_keyed_by(self) -> WebAnalyticsConfig:
        table = self.data_firehose_configuration.destination_iceberg_table_configuration
        used = [*table.unique_keys, *(field.column for field in table.partition_fields)]
        missing = sorted(set(used) - {column.name for column in self.columns})
        if table.create_table and missing:
            raise ValueError(
                f"unique_keys and partition_by name {', '.join(missing)}, which the created table has "
                "only with firehose_data_tranform_lambda.add_event_id_and_received_at (got false)"
            )
        return self

    @model_validator(mode="after")
    def _fresh_enough_is_later_than_the_buffers(self) -> WebAnalyticsConfig:
        """A record may wait for both intervals while everything is well."""
        firehose = self.data_firehose_configuration
        seconds = firehose.buffering_hints.interval_in_seconds
        seconds += firehose.transform_records_with_aws_lambda.buffer_interval
        for setting in ("delivery_freshness_in_minutes", "nothing_stored_after_minutes"):
            minutes = getattr(self.monitoring, setting)
            if minutes * 60 <= seconds:
                raise ValueError(
                    f"monitoring.{setting} must be more than the two buffering intervals, "
                    f"{seconds} s together (got {minutes})"
                )
        return self
