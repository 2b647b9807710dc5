"""How the figures are asked for: what can be in flight, what unique keys merge, tables without arrivals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from src.utils.aws.athena import Result
from src.utils.aws.errors import BadInputError
from src.utils.reconciling.collect import Collector, Places, Statement
from src.utils.reconciling.metrics import MAX_DATA_POINTS, Metrics
from src.utils.reconciling.table import CountedTable
from src.utils.reconciling.time_range import TimeRange

NOW = datetime(2026, 11, 21, 10, 30, 20, tzinfo=UTC)
STREAM, DELIVERY = {"StreamName": "s"}, {"DeliveryStreamName": "d"}
Key = tuple[str, tuple[tuple[str, str], ...]]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-21T{text}:00+00:00")


@dataclass
class CloudWatch:
    """GetMetricStatistics and ListMetrics over given minutes."""

    data: dict[Key, dict[datetime, float]] = field(default_factory=dict)
    calls: list[tuple[datetime, datetime]] = field(default_factory=list)

    def put(self, name: str, dimensions: Mapping[str, str], **minutes: float) -> None:
        points = {at(minute[1:].replace("_", ":")): value for minute, value in minutes.items()}
        self.data[name, tuple(dimensions.items())] = points

    def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
        self.calls.append((asked["StartTime"], asked["EndTime"]))
        key = (asked["MetricName"], tuple((item["Name"], item["Value"]) for item in asked["Dimensions"]))
        (statistic,) = asked["Statistics"]
        found = self.data.get(key, {}).items()
        points = [
            {"Timestamp": time, statistic: value}
            for time, value in found
            if asked["StartTime"] <= time < asked["EndTime"]
        ]
        return {"Datapoints": points[::-1]}

    def get_paginator(self, name: str) -> CloudWatch:
        assert name == "list_metrics"
        return self

    def paginate(self, **asked: str) -> list[dict[str, Any]]:
        def of_namespace(name: str) -> bool:
            return name.startswith("Rejected.") == (asked["Namespace"] == "WebAnalytics")

        return [
            {
                "Metrics": [
                    {"MetricName": name, "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions]}
                    for name, dimensions in self.data
                    if of_namespace(name) and asked.get("MetricName", name) == name
                ]
            }
        ]


class EmptyBucket:
    def get_paginator(self, name: str) -> EmptyBucket:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{}]


@dataclass
class Rows:
    """Athena with one answer."""

    count: int
    columns: tuple[str, ...] = ("user_id", "event_id", "received_at")
    asked: list[str] = field(default_factory=list)

    def query(self, sql: str) -> Result:
        self.asked.append(sql)
        return Result(self.columns, ((str(self.count),),))


def collect(metrics: CloudWatch, rows: Rows, start: str, end: str, **changes: Any) -> Statement:
    values: dict[str, Any] = {
        "stream": "s",
        "delivery_stream": None,
        "api": "a",
        "stage": "v1",
        "bucket": "b",
        "error_roots": ("error/",),
        "namespace": "WebAnalytics",
        "table_name": "db.t",
        "longest_delay": timedelta(minutes=15),
        "keyed": False,
        "tolerance": 0,
        **changes,
    }
    athena: Any = rows
    collector = Collector(
        EmptyBucket(), Metrics(metrics), CountedTable(athena, "db", "t"), Places(**values), NOW
    )
    return collector.collect(TimeRange(at(start), at(end)))


def test_quiet_past_must_close_without_anything_in_flight() -> None:
    metrics = CloudWatch()
    metrics.put("IncomingRecords", STREAM, m09_05=60, m09_40=40)
    assert collect(metrics, Rows(100), "09:00", "10:00").account.closes
    account = collect(metrics, Rows(99), "09:00", "10:00").account
    assert (account.possibly_in_flight, account.difference, account.closes) == (0, 1, False)


def test_only_what_came_lately_can_be_in_flight() -> None:
    metrics = CloudWatch()
    metrics.put("IncomingRecords", STREAM, m09_40=60, m10_20=40)
    account = collect(metrics, Rows(60), "09:30", "10:31").account
    assert (account.possibly_in_flight, account.in_flight, account.closes) == (40, 40, True)
    account = collect(metrics, Rows(55), "09:30", "10:31").account
    assert (account.in_flight, account.difference, account.closes) == (40, 5, False)


def test_what_firehose_has_stored_is_no_longer_in_flight() -> None:
    metrics = CloudWatch()
    metrics.put("IncomingRecords", STREAM, m10_20=100)
    metrics.put("DeliveryToIceberg.SuccessfulRowCount", DELIVERY, m10_25=100)
    account = collect(metrics, Rows(99), "10:00", "10:31").account
    assert (account.possibly_in_flight, account.difference) == (0, 1)


def test_rows_that_were_in_flight_at_the_start_are_allowed_for() -> None:
    metrics = CloudWatch()
    metrics.put("IncomingRecords", STREAM, m10_18=30, m10_25=100)
    metrics.put("DeliveryToIceberg.SuccessfulRowCount", DELIVERY, m10_22=30, m10_27=80)
    account = collect(metrics, Rows(80), "10:20", "10:31").account
    assert (account.possibly_in_flight, account.in_flight, account.closes) == (20, 20, True)


def test_rows_merged_by_unique_keys_are_accounted_for_only_when_asked_for() -> None:
    metrics = CloudWatch()
    metrics.put("IncomingRecords", STREAM, m09_10=100)
    metrics.put("DeliveryToIceberg.SuccessfulRowCount", DELIVERY, m09_12=100)
    assert collect(metrics, Rows(90), "09:00", "10:00").account.difference == 10
    account = collect(metrics, Rows(90), "09:00", "10:00", keyed=True).account
    assert (account.merged, account.closes) == (10, True)


def test_reasons_and_several_delivery_streams() -> None:
    metrics = CloudWatch()
    metrics.put("Rejected.not_json", {"FunctionName": "f"}, m09_10=2)
    metrics.put("Rejected.null_field", {"FunctionName": "f"}, m09_10=3, m11_00=9)
    assert collect(metrics, Rows(0), "09:00", "10:00").account.reasons == {"null_field": 3, "not_json": 2}
    for name in ("d1", "d2"):
        metrics.put("DeliveryToIceberg.SuccessfulRowCount", {"DeliveryStreamName": name}, m09_10=1)
    with pytest.raises(BadInputError, match="2 delivery streams to Iceberg \\(d1, d2\\)"):
        collect(metrics, Rows(0), "09:00", "10:00")
    assert collect(metrics, Rows(0), "09:00", "10:00", delivery_stream="d1").account.closes


def test_table_without_arrivals_is_counted_by_its_commits() -> None:
    rows = Rows(5, columns=("user_id",))
    statement = collect(CloudWatch(), rows, "09:00", "10:00")
    assert not statement.by_arrival
    assert '"db"."t$snapshots"' in rows.asked[-1]
    assert "committed_at >= TIMESTAMP '2026-11-21 09:00:00.000 UTC'" in rows.asked[-1]


def test_long_range_is_asked_for_in_calls_of_1440_points() -> None:
    metrics = CloudWatch()
    within = TimeRange(NOW.replace(second=0) - timedelta(days=3), NOW.replace(second=0))
    assert Metrics(metrics).sum("AWS/Kinesis", "IncomingRecords", STREAM, within) is None
    step = timedelta(minutes=MAX_DATA_POINTS)
    assert metrics.calls == [
        (within.start + number * step, within.start + (number + 1) * step) for number in range(3)
    ]
