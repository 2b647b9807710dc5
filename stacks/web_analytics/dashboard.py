"""The dashboard of the main system: on top whether data flows, then each part on an event's way."""

from __future__ import annotations

from collections.abc import Sequence

from stacks.common.dashboard import Limit, Widget, alarm_status, graph, numbers, text
from stacks.common.metrics import PERIOD_IN_SECONDS, Expression
from stacks.web_analytics.config import WebAnalyticsConfig
from stacks.web_analytics.metrics import Metrics
from stacks.web_analytics.names import METRICS_NAMESPACE, TRANSFORM_FUNCTION, TRANSFORM_TIMEOUT_IN_SECONDS

_HOUR_IN_SECONDS = 3600


def rows(metrics: Metrics, config: WebAnalyticsConfig, alarm_arns: Sequence[str]) -> list[list[Widget]]:
    return [
        [text(_what_good_looks_like(config), 4)],
        [_flow(metrics)],
        [alarm_status("Alarms", alarm_arns, 3)],
        _ingest(metrics, config),
        _stream(metrics, config),
        _transform(metrics, config),
        _delivery(metrics, config),
        _table(metrics, config),
    ]


def _what_good_looks_like(config: WebAnalyticsConfig) -> str:
    minutes = config.monitoring.delivery_freshness_in_minutes
    return (
        "# Web analytics: do events arrive?\n"
        "**Good:** the first three numbers of *the last hour* are alike and over zero, *rejected* and "
        f"*failed* are zero or a trickle, *freshness* is under {minutes} minutes, all alarms are green.\n\n"
        "**Not good:** read from the left, the first number that drops names the part that is stuck; its "
        f"row below says more, and so does [the runbook]({config.monitoring.runbook})."
    )


def _flow(metrics: Metrics) -> Widget:
    hour: dict[str, object] = {"period": _HOUR_IN_SECONDS}
    return numbers(
        "The last hour",
        [
            metrics.stream("IncomingRecords").in_widget(label="received", **hour),
            metrics.delivery("DataReadFromKinesisStream.Records").in_widget(label="read by Firehose", **hour),
            metrics.table("SuccessfulRowCount").in_widget(label="rows stored", color="#2ca02c", **hour),
            metrics.transform("Rejected").in_widget(label="rejected", color="#ff7f0e", **hour),
            metrics.table("FailedRowCount").in_widget(label="rows failed", color="#d13212", **hour),
            metrics.table("DataFreshness", "Maximum").in_widget(label="freshness, s"),
        ],
        period=_HOUR_IN_SECONDS,
    )


def _ingest(metrics: Metrics, config: WebAnalyticsConfig) -> list[Widget]:
    limit = Limit("alarm", config.monitoring.api_latency_in_ms)
    return [
        graph(
            "Ingest: requests",
            [
                metrics.api("Count").in_widget(label="all"),
                metrics.api("4XXError").in_widget(label="4xx", color="#ff7f0e"),
                metrics.api("5XXError").in_widget(label="5xx", color="#d13212"),
            ],
            unit="requests in 5 min",
        ),
        graph(
            "Ingest: latency",
            [
                metrics.api("Latency", "p50").in_widget(label="p50"),
                metrics.api("Latency", "p99").in_widget(label="p99"),
                metrics.api("IntegrationLatency", "p99").in_widget(label="p99 of Kinesis"),
            ],
            unit="ms",
            limits=[limit],
        ),
    ]


def _stream(metrics: Metrics, config: WebAnalyticsConfig) -> list[Widget]:
    lag = Limit("alarm", config.monitoring.reader_lag_in_minutes * 60_000)
    return [
        graph(
            "Stream: records",
            [
                metrics.stream("IncomingRecords").in_widget(label="in"),
                metrics.stream("GetRecords.Records").in_widget(label="out"),
                metrics.stream("WriteProvisionedThroughputExceeded").in_widget(
                    label="throttled", color="#d13212"
                ),
            ],
            unit="records in 5 min",
        ),
        graph(
            "Stream: how far readers are behind",
            [
                metrics.stream("GetRecords.IteratorAgeMilliseconds", "Maximum").in_widget(
                    label="iterator age"
                ),
                metrics.delivery("KinesisMillisBehindLatest", "Maximum").in_widget(label="Firehose"),
            ],
            unit="ms",
            limits=[lag],
        ),
    ]


def _transform(metrics: Metrics, config: WebAnalyticsConfig) -> list[Widget]:
    series = f'{{{METRICS_NAMESPACE},FunctionName}} FunctionName="{TRANSFORM_FUNCTION}"'
    # A quoted name matches as a whole, an unquoted one in part.
    names = 'MetricName=Rejected NOT MetricName="Rejected"'
    by_reason = Expression(f"SEARCH('{series} {names}', 'Sum', {PERIOD_IN_SECONDS})", {})
    milliseconds = TRANSFORM_TIMEOUT_IN_SECONDS * 1000
    near_timeout = config.monitoring.transform_duration_percent * milliseconds / 100
    return [
        graph(
            "Transform: records",
            [
                metrics.transform("Accepted").in_widget(label="accepted", color="#2ca02c"),
                *by_reason.in_widget(),
            ],
            unit="records in 5 min",
            stacked=True,
        ),
        graph(
            "Transform: longest invocation",
            [metrics.function("Duration", "Maximum").in_widget(label="duration")],
            unit="ms",
            limits=[Limit("alarm", near_timeout), Limit("timeout", milliseconds)],
        ),
        graph(
            "Transform: invocations",
            [
                metrics.function("Invocations").in_widget(label="all"),
                metrics.function("Errors").in_widget(label="errors", color="#d13212"),
                metrics.function("Throttles").in_widget(label="throttles", color="#ff7f0e"),
            ],
            unit="invocations in 5 min",
        ),
    ]


def _delivery(metrics: Metrics, config: WebAnalyticsConfig) -> list[Widget]:
    old = Limit("alarm", config.monitoring.delivery_freshness_in_minutes * 60)
    return [
        graph(
            "Delivery: rows",
            [
                metrics.table("IncomingRowCount").in_widget(label="for the table"),
                metrics.table("SuccessfulRowCount").in_widget(label="stored", color="#2ca02c"),
                metrics.table("FailedRowCount").in_widget(label="failed", color="#d13212"),
            ],
            unit="rows in 5 min",
        ),
        graph(
            "Delivery: age of the oldest record",
            [metrics.table("DataFreshness", "Maximum").in_widget(label="freshness")],
            unit="s",
            limits=[old],
        ),
        graph(
            "Delivery: successful calls",
            [
                metrics.delivery("ExecuteProcessing.Success", "Average").in_widget(label="of the function"),
                metrics.table("Success", "Average").in_widget(label="of the table"),
            ],
            unit="part of 1",
        ),
    ]


def _table(metrics: Metrics, config: WebAnalyticsConfig) -> list[Widget]:
    table = config.data_firehose_configuration.destination_iceberg_table_configuration
    name = f"{table.database_name}.{table.table_name}"
    return [
        graph("Table: written", [metrics.table("Bytes").in_widget(label="bytes")], unit="bytes in 5 min"),
        graph(
            "Table: bucket, measured once a day",
            [
                metrics.bucket("BucketSizeBytes", "StandardStorage").in_widget(label="bytes"),
                metrics.bucket("NumberOfObjects", "AllStorageTypes").in_widget(
                    label="objects", yAxis="right"
                ),
            ],
            unit="bytes",
        ),
        text(
            "### Ask the table\n"
            f"In Athena, the newest `timestamp` of `{name}` and the commits in `{name}$snapshots` tell how "
            "far it has come. More questions: `sql/web_analytics/queries`.",
            6,
        ),
    ]
