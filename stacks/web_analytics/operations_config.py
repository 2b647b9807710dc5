"""The settings of operations and of encryption at rest.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from stacks.common.config_values import EmailAddress, RunbookAddress
from stacks.config import Section

Minutes = Annotated[
    int,
    Field(ge=5, le=1440, multiple_of=5, json_schema_extra={"allowed": "5-1440 minutes, a multiple of 5"}),
]
"""Alarms of minutes count periods of five; CloudWatch looks back over a day of them at most."""
Percent = Annotated[int, Field(ge=1, le=100)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]

KeyArn = Annotated[
    str,
    Field(
        pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+$",
        json_schema_extra={"allowed": "the ARN of a KMS key, `arn:aws:kms:{region}:{account}:key/{id}`"},
    ),
]


class Encryption(Section):
    """Which key encrypts stream, bucket, logs and alarm topic at rest."""

    customer_managed_key: bool = False
    """Whether that is a KMS key of yours, for a dollar a month and the calls, instead of keys of AWS."""

    key_arn: KeyArn | None = None
    """The key; without it the stack `WebAnalyticsEncryptionKey` creates one, which outlives the stack. The
    policy of a key of your own must let in whom that one lets in: CloudWatch Logs and CloudWatch alarms."""

    @model_validator(mode="after")
    def _key_is_wanted(self) -> Encryption:
        if self.key_arn is not None and not self.customer_managed_key:
            raise ValueError(f"key_arn needs customer_managed_key to be true (got {self.key_arn!r} alone)")
        return self


class Monitoring(Section):
    """When the stack `WebAnalyticsMonitoring` raises an alarm, and who hears of it."""

    alarm_email: EmailAddress | None = None
    """Who gets a mail from the alarm topic, after confirming the subscription; anyone may subscribe later."""

    runbook: RunbookAddress = "docs/runbook.md"
    """Where people read the runbook: each alarm links its section there."""

    ratio_minimum: Count = 100
    """Requests or records in five minutes below which no ratio raises an alarm."""

    api_server_errors_percent: Percent = 1
    """Requests answered 5xx."""

    api_client_errors_percent: Percent = 20
    """Requests answered 4xx, the throttled ones (429) among them."""

    api_latency_in_ms: Annotated[int, Field(ge=1, le=29_000)] = 1000
    """Time within which 99 % of the requests should be answered."""

    rejected_records_percent: Percent = 5
    """Records that the transform function rejects."""

    transform_errors: Count = 1
    """Failed invocations of the transform function in five minutes."""

    transform_throttles: Count = 1
    """Invocations in five minutes for which the account had no concurrency left."""

    transform_duration_percent: Percent = 80
    """The longest invocation, as a part of the function's timeout."""

    stream_write_throttles: Count = 1
    """Records in five minutes that the stream did not take."""

    reader_lag_in_minutes: Minutes = 15
    """How far Firehose may be behind the newest record of the stream."""

    delivery_freshness_in_minutes: Minutes = 30
    """How old the oldest record in Firehose may get; more than the two buffering intervals."""

    failed_rows: Count = 1
    """Rows in five minutes that went to the error prefix instead of the table."""

    nothing_stored_after_minutes: Minutes = 30
    """A span in which records come in and not one row is stored; the alarm rings after two in a row. More
    than the two buffering intervals."""

    nothing_received_after_minutes: Minutes | None = None
    """How long it may be quiet; without a value, for ever."""
