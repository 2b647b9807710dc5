"""The CloudWatch API, in numbers as JSON clients and in texts as query clients send them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_runtime.errors import AwsError
from local_runtime.metrics import Metrics
from local_runtime.services.cloudwatch.service import CloudWatchService

AT = 1_795_000_020


@pytest.fixture
def metrics(tmp_path: Path) -> Iterator[Metrics]:
    opened = Metrics(tmp_path / "metrics")
    yield opened
    opened.close()


@pytest.fixture
def service(metrics: Metrics) -> CloudWatchService:
    return CloudWatchService(metrics)


def statistics(service: CloudWatchService, **request: Any) -> list[dict[str, Any]]:
    asked = {
        "Namespace": "Shop",
        "MetricName": "Orders",
        "StartTime": AT - 600,
        "EndTime": AT + 600,
        "Period": 60,
        "Statistics": ["Sum", "SampleCount", "Minimum", "Maximum", "Average"],
        **request,
    }
    return list(service("GetMetricStatistics", asked)["Datapoints"])


def test_values_counts_and_sets_are_added_up(service: CloudWatchService) -> None:
    data: list[dict[str, Any]] = [
        {"MetricName": "Orders", "Timestamp": AT, "Value": 5},
        {"MetricName": "Orders", "Timestamp": AT, "Values": [1, 2], "Counts": [2, 1]},
        {
            "MetricName": "Orders",
            "Timestamp": AT,
            "StatisticValues": {"SampleCount": 2, "Sum": 9, "Minimum": 0.5, "Maximum": 8.5},
        },
    ]
    service("PutMetricData", {"Namespace": "Shop", "MetricData": data})

    (point,) = statistics(service)
    assert point.pop("Timestamp").timestamp() == 1_795_000_020 // 60 * 60
    assert point == {
        "Unit": "None",
        "Sum": 18,
        "SampleCount": 6,
        "Minimum": 0.5,
        "Maximum": 8.5,
        "Average": 3,
    }


def test_query_clients_send_texts(service: CloudWatchService) -> None:
    datum = {"MetricName": "Orders", "Timestamp": "2026-11-18T19:07:00Z", "Value": "2.5", "Unit": "Count"}
    service("PutMetricData", {"Namespace": "Shop", "MetricData": [datum]})

    found = statistics(
        service, StartTime="2026-11-18T19:00:00Z", EndTime="2026-11-18T20:00:00Z", Period="3600"
    )
    assert [(point["Sum"], point["Unit"]) for point in found] == [(2.5, "Count")]


def test_metric_data_comes_newest_first_unless_asked_otherwise(service: CloudWatchService) -> None:
    for offset in (0, 60, 120):
        datum = {
            "MetricName": "Orders",
            "Timestamp": AT + offset,
            "Value": offset,
            "Dimensions": [{"Name": "Shop", "Value": "a"}],
        }
        service("PutMetricData", {"Namespace": "Shop", "MetricData": [datum]})
    metric = {
        "Namespace": "Shop",
        "MetricName": "Orders",
        "Dimensions": [{"Name": "Shop", "Value": "a"}],
    }
    query = {"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    asked = {"MetricDataQueries": [query], "StartTime": AT - 60, "EndTime": AT + 600}

    (result,) = service("GetMetricData", asked)["MetricDataResults"]
    assert result["Values"] == [120, 60, 0]
    (result,) = service("GetMetricData", {**asked, "ScanBy": "TimestampAscending"})["MetricDataResults"]
    assert result["Values"] == [0, 60, 120]


def test_metrics_are_listed_by_their_dimensions(service: CloudWatchService) -> None:
    for shop in ("a", "b"):
        datum = {"MetricName": "Orders", "Value": 1, "Dimensions": [{"Name": "Shop", "Value": shop}]}
        service("PutMetricData", {"Namespace": "Shop", "MetricData": [datum]})

    assert len(service("ListMetrics", {"Namespace": "Shop"})["Metrics"]) == 2
    only = {"Dimensions": [{"Name": "Shop", "Value": "b"}]}
    (metric,) = service("ListMetrics", only)["Metrics"]
    assert metric["Dimensions"] == [{"Name": "Shop", "Value": "b"}]
    assert service("ListMetrics", {"Dimensions": [{"Name": "Other"}]})["Metrics"] == []


def test_embedded_metrics_are_metrics(metrics: Metrics, service: CloudWatchService) -> None:
    directive = {
        "Namespace": "Shop",
        "Dimensions": [["F"], []],
        "Metrics": [{"Name": "Orders", "Unit": "Count"}],
    }
    header = {"Timestamp": AT * 1000, "CloudWatchMetrics": [directive]}
    line = json.dumps({"_aws": header, "F": "f", "Orders": [1, 2]})
    for text in (line, "START", '{"_aws": {}}', '{"_aws": broken'):
        metrics.read_log_line(text)

    (point,) = statistics(service, Dimensions=[{"Name": "F", "Value": "f"}])
    assert (point["Sum"], point["SampleCount"], point["Unit"]) == (3, 2, "Count")
    assert [row["sum"] for row in metrics.snapshot()] == [3, 3]


@pytest.mark.parametrize(
    ("action", "request_", "code"),
    [
        ("GetMetricStatistics", {"Statistics": []}, "MissingParameter"),
        ("GetMetricStatistics", {"Statistics": ["Median"]}, "InvalidParameterValue"),
        ("GetMetricStatistics", {"Statistics": [], "ExtendedStatistics": ["p101"]}, "InvalidParameterValue"),
        ("GetMetricStatistics", {"Period": 61}, "InvalidParameterValue"),
        ("GetMetricStatistics", {"EndTime": AT - 600}, "InvalidParameterValue"),
        ("GetMetricStatistics", {"StartTime": "yesterday"}, "InvalidParameterValue"),
        ("GetMetricData", {"MetricDataQueries": [{"Id": "q", "Expression": "a+b"}]}, "InvalidParameterValue"),
        ("GetMetricData", {}, "MissingParameter"),
        ("PutMetricData", {"Namespace": "AWS/Lambda", "MetricData": [{}]}, "InvalidParameterValue"),
        ("PutMetricData", {"MetricData": [{"MetricName": "x"}]}, "MissingParameter"),
        ("PutMetricAlarm", {}, "UnknownOperationException"),
    ],
)
def test_requests_that_mean_nothing_are_refused(
    service: CloudWatchService, action: str, request_: dict[str, Any], code: str
) -> None:
    asked = {
        "Namespace": "Shop",
        "MetricName": "Orders",
        "StartTime": AT - 600,
        "EndTime": AT,
        "Period": 60,
        "Statistics": ["Sum"],
        **request_,
    }
    with pytest.raises(AwsError) as caught:
        service(action, asked)
    assert caught.value.code == code
