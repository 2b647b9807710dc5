"""The alarms, in the order of a click's way; docs/systems/click_logger.md has a section for each."""

from __future__ import annotations

from stacks.click_logger.config import ClickLogger
from stacks.click_logger.names import (
    API,
    API_STAGE,
    AUTHORIZER,
    CONSUMER,
    DELIVERY_STREAM,
    INGEST,
    METRICS_NAMESPACE,
)
from stacks.common.alarms import Alarm
from stacks.common.metrics import Metric, percentage

_MINIMUM_OF_REQUESTS = 100
_LATE_IN_SECONDS = 900


def alarms(settings: ClickLogger) -> list[Alarm]:
    return [*_of_api(), *_of_delivery(settings)]


def _of_api() -> list[Alarm]:
    return [
        Alarm(
            "api-server-errors",
            "1 % or more of the requests are answered 5xx.",
            "503 is Firehose's throttle, 502 and 504 the ingest function, 500 the authorizer: read the logs.",
            percentage(_api("5XXError"), {"requests": _api("Count")}, minimum=_MINIMUM_OF_REQUESTS),
            1,
            periods=3,
            datapoints=2,
        ),
        Alarm(
            "tokens-unavailable",
            "The authorizer could not read the tokens.",
            "Its log has the reason. Known tokens are good for another hour; mend the secret before that.",
            _own("TokensUnavailable", AUTHORIZER),
            1,
        ),
        Alarm(
            "ingest-errors",
            "The ingest function fails.",
            "Read its log: most often a permission. A throttle by Firehose is no error but a 503.",
            _function("Errors", INGEST),
            1,
        ),
    ]


def _of_delivery(settings: ClickLogger) -> list[Alarm]:
    delivery = settings.delivery
    usual = delivery.interval_in_seconds + delivery.consumer_buffer_interval
    return [
        Alarm(
            "consumer-errors",
            "Firehose's calls of the consumer function fail: its own errors, throttles, a permission.",
            "Read its log, then the delivery's error log: Firehose calls again with the whole batch, and "
            "after its retries puts that under clicklog_error/processing-failed/.",
            # Of all calls; Lambda counts no error where a throttle or a policy let none through.
            _firehose("ExecuteProcessing.Success", "Average"),
            1,
            comparison="LessThanThreshold",
        ),
        Alarm(
            "dead-letters",
            "Clicks are in the bucket and not in DynamoDB.",
            "The consumer's log has keys and reasons. Then put them there: src/utils/redrive_clicks.py.",
            _own("DeadLetters", CONSUMER),
            1,
        ),
        Alarm(
            "records-rejected",
            "Records that are no clicks reached the delivery stream.",
            "They are under clicklog_error/processing-failed/. The API lets none through: who else puts?",
            _own("Rejected", CONSUMER),
            1,
        ),
        Alarm(
            "clicks-not-converted",
            "Clicks are in DynamoDB and not in the Parquet files.",
            "They are under clicklog_error/format-conversion-failed/; errorMessage says what does not fit "
            "the table.",
            _firehose("FailedConversion.Records"),
            1,
        ),
        Alarm(
            "delivery-freshness",
            "A click has been in Firehose for a quarter of an hour longer than its buffers explain.",
            "Read the delivery's error log: most often a permission or a changed table.",
            _firehose("DeliveryToS3.DataFreshness", "Maximum"),
            usual + _LATE_IN_SECONDS,
            periods=2,
        ),
    ]


def _api(name: str) -> Metric:
    return Metric("AWS/ApiGateway", name, {"ApiName": API, "Stage": API_STAGE})


def _function(name: str, function: str) -> Metric:
    return Metric("AWS/Lambda", name, {"FunctionName": function})


def _firehose(name: str, statistic: str = "Sum") -> Metric:
    """https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html"""
    return Metric("AWS/Firehose", name, {"DeliveryStreamName": DELIVERY_STREAM}, statistic)


def _own(name: str, function: str) -> Metric:
    """What the functions count themselves."""
    return Metric(METRICS_NAMESPACE, name, {"FunctionName": function})
