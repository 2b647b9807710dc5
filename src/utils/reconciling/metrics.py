"""Sums of CloudWatch metrics over a range.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .time_range import TimeRange

MAX_DATA_POINTS = 1440


@dataclass(frozen=True)
class Metrics:
    """Reads one metric after another."""

    client: Any

    def sum(self, namespace: str, name: str, dimensions: Mapping[str, str], within: TimeRange) -> int | None:
        """The metric's sum; None when it has no data points at all."""
        points = list(self._sums(namespace, name, dimensions, within))
        return round(sum(points)) if points else None

    def _sums(
        self, namespace: str, name: str, dimensions: Mapping[str, str], within: TimeRange
    ) -> Iterator[float]:
        """The sum of each period that has one; a call may ask for no more than 1,440 periods."""
        start = within.start
        step = timedelta(seconds=within.period * MAX_DATA_POINTS)
        while start < within.end:
            end = min(start + step, within.end)
            answer = self.client.get_metric_statistics(
                Namespace=namespace,
                MetricName=name,
                Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
                StartTime=start,
                EndTime=end,
                Period=within.period,
                Statistics=["Sum"],
            )
            yield from (float(point["Sum"]) for point in answer["Datapoints"])
            start = end

    def list(self, namespace: str, name: str | None = None) -> list[tuple[str, dict[str, str]]]:
        """Name and dimensions of each metric of a namespace."""
        wanted = {"Namespace": namespace} | ({} if name is None else {"MetricName": name})
        pages = self.client.get_paginator("list_metrics").paginate(**wanted)
        return [
            (item["MetricName"], {part["Name"]: part["Value"] for part in item["Dimensions"]})
            for page in pages
            for item in page["Metrics"]
        ]
