"""The metrics of a run: what functions emit as embedded-metric log lines, and what the run measures itself.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local_runtime.services.cloudwatch.store import MetricStore, dimensions_of

_OF_AWS = "AWS/"


class Metrics(MetricStore):
    """The store, and the way from a log line into it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)

    def read_log_line(self, line: str) -> None:
        """Add what an embedded-metric line holds; other lines are none of our business."""
        if '"_aws"' not in line:
            return
        try:
            document = json.loads(line)
            milliseconds = document["_aws"].get("Timestamp")
            entries = list(_entries(document))
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # CloudWatch keeps such a line as text, too
        at = milliseconds / 1000 if isinstance(milliseconds, int | float) else None
        for namespace, dimensions, values in entries:
            self.record(namespace, dimensions_of(dimensions), values, at)

    def snapshot(self) -> list[dict[str, Any]]:
        """The sums of what the functions emitted, by name; the run's own numbers have their own places."""
        self.fold()
        rows: list[dict[str, Any]] = [
            {
                "namespace": series.namespace,
                "name": series.name,
                "dimensions": dict(series.dimensions),
                "sum": total,
            }
            for series, total in self.sums()
            if not series.namespace.startswith(_OF_AWS)
        ]
        return sorted(rows, key=lambda row: (row["namespace"], row["name"], str(row["dimensions"])))


def _entries(
    document: Mapping[str, Any],
) -> Iterator[tuple[str, dict[str, str], list[tuple[str, str, float, float]]]]:
    for directive in document["_aws"]["CloudWatchMetrics"]:
        values = [
            (str(metric["Name"]), str(metric.get("Unit", "None")), float(value), 1.0)
            for metric in directive["Metrics"]
            for value in _as_list(document[metric["Name"]])
        ]
        for names in directive.get("Dimensions", [[]]):
            yield str(directive["Namespace"]), {name: str(document[name]) for name in names}, values


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
