"""The settings of click_logger, each with the limit that AWS puts on it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from stacks.common.config_values import BucketName, EmailAddress
from stacks.config import CommonConfig, Section


class ClickLoggerApi(Section):
    """The HTTP API and its authorizer."""

    authorizer_result_ttl_in_seconds: int = Field(default=300, ge=0, le=3600)
    """How long API Gateway keeps the authorizer's answer for a token: a token that is taken out of the secret
    is good for this and `tokens_cache_in_seconds` longer."""

    tokens_cache_in_seconds: int = Field(default=300, ge=10, le=3600)
    """How long the authorizer keeps the tokens that it read from Secrets Manager."""

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
    """The oldest TLS that clients may speak, by the name of API Gateway's security policy."""

    waf_rate_limit: int | None = Field(default=None, ge=10, le=2_000_000_000)
    """Requests in five minutes from one address after which AWS WAF answers 429; without a number there is no
    WAF, which costs about $6 a month and $0.60 for a million requests."""


class ClickLoggerDelivery(Section):
    """The delivery stream, and how it calls the consumer function."""

    interval_in_seconds: int = Field(default=60, ge=0, le=900)
    """Seconds after which Firehose writes to the bucket."""

    size_in_mbs: int = Field(default=64, ge=64, le=128)
    """Megabytes after which it does so earlier; conversion to Parquet needs 64."""

    consumer_buffer_size: float = Field(default=1, ge=0.2, le=3)
    """Megabytes of clicks in one invocation of the consumer."""

    consumer_buffer_interval: int = Field(default=60, ge=0, le=900)
    """Seconds to wait for them."""

    consumer_retries: int = Field(default=3, ge=0, le=300)
    """Attempts after a failed invocation of the consumer."""


class ClickLogger(Section):
    """API with a Lambda authorizer -> Firehose -> Parquet and DynamoDB."""

    api: ClickLoggerApi = ClickLoggerApi()
    delivery: ClickLoggerDelivery = ClickLoggerDelivery()

    s3_bucket_name: BucketName | None = None
    """The bucket's name; without it `click-logger-{region}-{account}`."""

    first_day: date = Field(
        default=date(2026, 1, 1),
        json_schema_extra={"allowed": "a date, `YYYY-MM-DD`, no later than the first click"},
    )
    """The first day of which Athena looks for clicks."""

    items_expire_after_days: int | None = Field(default=None, ge=1, le=3650)
    """Days after which DynamoDB deletes the item of a click, if it came after this was set; without a number
    items are kept."""

    files_expire_after_days: int | None = Field(default=None, ge=1, le=3650)
    """Days after which S3 deletes the Parquet files, what could not be delivered and dead letters; without a
    number all are kept."""

    alarm_email: EmailAddress | None = None
    """Who gets a mail from the alarm topic, after confirming the subscription; anyone may subscribe later."""


class ClickLoggerConfig(CommonConfig):
    """Everything that click_logger can be told."""

    click_logger: ClickLogger = ClickLogger()
