"""The settings of event_reporting: events to Parquet, and a scheduled report about them by mail.

https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from stacks.common.config_values import BucketName, EmailAddress, GlueName, allowed
from stacks.config import CommonConfig, Section

Environment = Annotated[
    str,
    Field(pattern=r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$", max_length=10),
    allowed("1-10 lower-case letters, digits and hyphens"),
]
Application = Annotated[
    str,
    Field(pattern=r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$", max_length=16),
    allowed("1-16 lower-case letters, digits and hyphens"),
]


class ParquetBuffering(Section):
    """When Firehose writes a Parquet file: at the first of the two."""

    interval_in_seconds: int = Field(default=60, ge=0, le=900)
    """Seconds to wait."""

    size_in_mbs: int = Field(default=64, ge=64, le=128)
    """Megabytes of JSON to collect; for Parquet, Firehose wants 64 or more."""


class Report(Section):
    """The report about a month, or about any period that is asked for."""

    email: EmailAddress | None = None
    """Who gets reports and alarms by mail, after confirming two subscriptions; anyone may subscribe later."""

    longest_period_in_days: int = Field(default=366, ge=1, le=3660)
    """The longest period that a report may be asked for."""

    query_timeout_in_minutes: int = Field(default=30, ge=1, le=120)
    """How long the query may take before it is stopped and the report fails."""

    scan_limit_in_mbs: int | None = Field(default=None, ge=10, le=1_000_000_000)
    """Megabytes after which Athena cancels a query of the work group; without a number, none."""


class EventReporting(Section):
    """Events to Parquet, and a scheduled report about them by mail."""

    environment: Environment = "dev"
    """The part of the resources' names that tells environments apart: `events-stream-{environment}-...`."""

    application: Application = "reporting"
    """The part that tells applications apart: `events-stream-{environment}-{application}`."""

    events_bucket_name: BucketName | None = None
    """The bucket of the events; without it `events-{environment}-{application}-{region}-{account}`."""

    query_output_bucket_name: BucketName | None = None
    """The bucket of queries' results; without it `results-{environment}-{application}-{region}-{account}`."""

    database_name: GlueName = "event_reporting"
    """The Glue database; the table in it is `events`."""

    first_day: Annotated[date, allowed("a date, `YYYY-MM-DD`, no later than the first event")] = date(
        2026, 1, 1
    )
    """The first day (UTC) that the table can have events of: earlier folders are not looked at."""

    buffering_hints: ParquetBuffering = ParquetBuffering()

    events_expire_after_days: int | None = Field(default=None, ge=1, le=3650)
    """Days after which S3 deletes events, those that could not be converted too; without a number, never."""

    query_output_expires_after_days: int = Field(default=90, ge=1, le=3650)
    """Days after which S3 deletes the queries' results, to which the mails link."""

    report: Report = Report()


class EventReportingConfig(CommonConfig):
    """Everything that event_reporting can be told."""

    event_reporting: EventReporting = EventReporting()
