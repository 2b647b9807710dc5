"""The settings of app_analytics, each with the limit that AWS puts on it.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stacks.common.config_values import BucketName, EmailAddress, allowed
from stacks.common.dashboard_config import WebDashboard
from stacks.config import CommonConfig, Section

DeliveryStreamName = Annotated[
    str,
    Field(pattern=r"^[a-zA-Z0-9_.-]+$", max_length=64),
    allowed("1-64 letters, digits, hyphens, underscores and periods"),
]
QuickSightPrincipal = Annotated[
    str,
    Field(pattern=r"^arn:[a-z-]+:quicksight:[a-z0-9-]+:\d{12}:(user|group)/[^/\s]+/\S+$"),
    allowed(
        "the ARN of a QuickSight user or group, `arn:aws:quicksight:{region}:{account}:group/default/{name}`"
    ),
]
Compression = Literal["UNCOMPRESSED", "GZIP"]
CrawlMinutes = Literal[10, 20, 30, 60, 120, 180, 240, 360, 720, 1440]
"""Divisors of an hour or of a day: other steps do not come at even distances."""


class Delivery(Section):
    """The delivery stream, and the raw events that it leaves in the bucket."""

    delivery_stream_name: DeliveryStreamName = "app-analytics-events"
    """The delivery stream to which apps and log agents write."""

    s3_bucket_name: BucketName | None = None
    """The bucket's name; without it `app-analytics-{region}-{account}`."""

    interval_in_seconds: int = Field(default=60, ge=0, le=900)
    """Firehose writes an object after so many seconds ..."""

    size_in_mbs: int = Field(default=5, ge=1, le=128)
    """... or so many megabytes, whichever comes first."""

    compression: Compression = "UNCOMPRESSED"
    """How the objects are packed; `GZIP` takes about a tenth of the storage and of Athena's price."""

    newline_after_records: bool = True
    """Whether Firehose puts a newline after each record; `false` is for producers that all end theirs."""

    raw_events_expire_after_days: int | None = Field(default=None, ge=1, le=3650)
    """Days after which S3 deletes the raw events, which hold addresses of persons; without a number they are
    kept."""


class Catalog(Section):
    """Where the columns of the table `firehose` come from."""

    table_schema: Literal["crawler", "declared"] = "crawler"
    """`crawler`: AWS Glue finds columns and partitions in the data; `declared`: the app creates the table
    from `schemas/app_analytics/app_event.avsc`, and Athena computes the partitions, which costs nothing."""

    crawl_every_minutes: CrawlMinutes = 10
    """How often the crawler looks. Each look is billed as ten minutes of two DPUs at least, about $0.15:
    every 10 minutes $634 a month, every hour $106, every day $4.40."""

    first_year: int = Field(default=2026, ge=2000, le=2999)
    """The first year of which the declared table has partitions."""


class Queries(Section):
    """The Athena work group."""

    scan_limit_in_mbs: int | None = Field(default=10_000, ge=10, le=7_000_000)
    """Megabytes after which Athena cancels a query; without a number it may scan everything."""


class QuickSight(Section):
    """The optional stack `AppAnalyticsQuickSight`, for an account that subscribes to QuickSight."""

    principal_arn: QuickSightPrincipal | None = None
    """The user or the group that gets the data set; without one there is no stack."""

    import_mode: Literal["DIRECT_QUERY", "SPICE"] = "DIRECT_QUERY"
    """Whether QuickSight asks Athena for each visual, or keeps a copy that is refreshed when you say so."""


class AppAnalytics(Section):
    """Raw JSON events, a schema that a crawler discovers, a dashboard."""

    delivery: Delivery = Delivery()
    catalog: Catalog = Catalog()
    queries: Queries = Queries()

    alarm_email: EmailAddress | None = None
    """Who is told of alarms by mail, beside whoever subscribes to the topic."""

    quicksight: QuickSight = QuickSight()
    dashboard: WebDashboard = WebDashboard()


class AppAnalyticsConfig(CommonConfig):
    """Everything that app_analytics can be told."""

    app_analytics: AppAnalytics = AppAnalytics()
