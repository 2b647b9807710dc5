"""The alarms of the main system, in the order of an event's way; docs/runbook.md has a section for each."""

from __future__ import annotations

from dataclasses import replace

from stacks.common.alarms import Alarm
from stacks.common.metrics import PERIOD_IN_SECONDS, Expression, percentage
from stacks.web_analytics.metrics import Metrics
from stacks.web_analytics.names import TRANSFORM_TIMEOUT_IN_SECONDS
from stacks.web_analytics.operations_config import Monitoring

NAME_PREFIX = "web-analytics-"


def alarms(metrics: Metrics, settings: Monitoring) -> list[Alarm]:
    return [
        *_of_ingest(metrics, settings),
        *_of_stream(metrics, settings),
        *_of_transform(metrics, settings),
        *_of_delivery(metrics, settings),
    ]


def _of_ingest(metrics: Metrics, settings: Monitoring) -> list[Alarm]:
    minimum = settings.ratio_minimum
    requests = {"requests": metrics.api("Count")}
    found = [
        Alarm(
            "api-server-errors",
            f"{settings.api_server_errors_percent} % or more of the requests are answered 5xx.",
            "Look at integrationStatus in the access log, at the stream's throttles and at AWS Health.",
            percentage(metrics.api("5XXError"), requests, minimum=minimum),
            settings.api_server_errors_percent,
            periods=3,
            datapoints=2,
        ),
        Alarm(
            "api-client-errors",
            f"{settings.api_client_errors_percent} % or more of the requests are answered 4xx.",
            "Group the access log by status and resourcePath: 400 is a client that sends what no model "
            "takes, 403 one that may not, 429 the stage's throttle.",
            percentage(metrics.api("4XXError"), requests, minimum=minimum),
            settings.api_client_errors_percent,
            periods=3,
            datapoints=3,
        ),
        Alarm(
            "api-latency",
            f"1 % of the requests take {settings.api_latency_in_ms} ms or longer.",
            "Compare Latency with IntegrationLatency: where both are high, Kinesis is slow or throttles.",
            metrics.api("Latency", "p99"),
            settings.api_latency_in_ms,
            periods=3,
            datapoints=3,
        ),
    ]
    quiet = settings.nothing_received_after_minutes
    if quiet is not None:
        found.append(
            Alarm(
                "nothing-received",
                f"Not one record has reached the stream for {quiet} minutes.",
                "Send one by curl; if it arrives, the senders are down, otherwise the API is.",
                metrics.stream("IncomingRecords"),
                1,
                comparison="LessThanThreshold",
                periods=quiet * 60 // PERIOD_IN_SECONDS,
                missing_data="breaching",
            )
        )
    return found


def _of_stream(metrics: Metrics, settings: Monitoring) -> list[Alarm]:
    lag_in_ms = settings.reader_lag_in_minutes * 60_000
    return [
        Alarm(
            "stream-write-throttled",
            f"The stream refuses {settings.stream_write_throttles} records or more in five minutes.",
            "Clients got 429 or 503 and should send again. Look for one hot partition key; an on-demand "
            "stream grows by itself, to twice its peak in 15 minutes.",
            metrics.stream("WriteProvisionedThroughputExceeded"),
            settings.stream_write_throttles,
            periods=3,
            datapoints=2,
        ),
        Alarm(
            "stream-reader-lag",
            f"Records wait in the stream for {settings.reader_lag_in_minutes} minutes or longer.",
            "Find out why Firehose reads slowly: after the stream's 24 hours records are lost.",
            metrics.stream("GetRecords.IteratorAgeMilliseconds", "Maximum"),
            lag_in_ms,
            periods=2,
        ),
        Alarm(
            "delivery-reader-lag",
            f"Firehose is {settings.reader_lag_in_minutes} minutes or more behind the newest record.",
            "Look at the transform function's errors, throttles and duration, then at ThrottledGetRecords.",
            metrics.delivery("KinesisMillisBehindLatest", "Maximum"),
            lag_in_ms,
            periods=2,
        ),
    ]


def _of_transform(metrics: Metrics, settings: Monitoring) -> list[Alarm]:
    accepted, rejected = metrics.transform("Accepted"), metrics.transform("Rejected")
    return [
        Alarm(
            "transform-errors",
            f"The transform function fails {settings.transform_errors} times or more in five minutes.",
            "Read its log: it fails on no record, so it is the code, the layer or a setting. After its "
            "retries Firehose puts whole batches under processing-failed/, to be replayed from there.",
            metrics.function("Errors"),
            settings.transform_errors,
        ),
        Alarm(
            "transform-throttles",
            f"{settings.transform_throttles} invocations or more in five minutes find no concurrency left in "
            "the account.",
            "Raise the account's limit of concurrent executions, or reserve some for the function.",
            metrics.function("Throttles"),
            settings.transform_throttles,
            periods=2,
        ),
        Alarm(
            "transform-duration",
            f"An invocation takes {settings.transform_duration_percent} % or more of its "
            f"{TRANSFORM_TIMEOUT_IN_SECONDS} s.",
            "Lower transform_records_with_aws_lambda.buffer_size, or give the function more memory.",
            metrics.function("Duration", "Maximum"),
            settings.transform_duration_percent * TRANSFORM_TIMEOUT_IN_SECONDS * 10,
            periods=2,
        ),
        Alarm(
            "records-rejected",
            f"{settings.rejected_records_percent} % or more of the records are rejected.",
            "See the reasons on the dashboard and in the function's log; fix the sender, then replay "
            "processing-failed/.",
            percentage(
                rejected, {"accepted": accepted, "rejected": rejected}, minimum=settings.ratio_minimum
            ),
            settings.rejected_records_percent,
            periods=3,
            datapoints=2,
        ),
    ]


def _of_delivery(metrics: Metrics, settings: Monitoring) -> list[Alarm]:
    # One span counts sparse records too; two, because the last of a span are stored in the next.
    span = settings.nothing_stored_after_minutes * 60
    nothing_stored = Expression(
        "IF(FILL(received, 0) > 0 AND FILL(stored, 0) == 0, 1, 0)",
        {
            "received": replace(metrics.stream("IncomingRecords"), period=span),
            "stored": replace(metrics.table("SuccessfulRowCount"), period=span),
        },
    )
    return [
        Alarm(
            "delivery-freshness",
            f"A record has been in Firehose for {settings.delivery_freshness_in_minutes} minutes or longer.",
            "Read the delivery's error log: most often a permission, Lake Formation or a changed table.",
            metrics.table("DataFreshness", "Maximum"),
            settings.delivery_freshness_in_minutes * 60,
            periods=2,
        ),
        Alarm(
            "delivery-failed-rows",
            f"{settings.failed_rows} rows or more in five minutes went under iceberg-failed/.",
            "Read errorCode and errorMessage in those objects, repair table or rows, then replay them.",
            metrics.table("FailedRowCount"),
            settings.failed_rows,
        ),
        Alarm(
            "delivery-stores-nothing",
            f"Twice in a row, records come in within {settings.nothing_stored_after_minutes} minutes and no "
            "row is stored.",
            "Is the delivery stream active? If so, read its error log and look under the error prefix.",
            nothing_stored,
            1,
            periods=2,
        ),
    ]
