"""CloudWatch metrics that functions emit as embedded-metric log lines, added up.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any


@dataclass(frozen=True)
class MetricKey:
    """One metric: its namespace, its name and its dimensions."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


class Metrics:
    """Sums since the run started."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sums: dict[MetricKey, float] = {}

    def read_log_line(self, line: str) -> None:
        """Add what an embedded-metric line holds; other lines are none of our business."""
        if '"_aws"' not in line:
            return
        try:
            document = json.loads(line)
            directives = document["_aws"]["CloudWatchMetrics"]
            with self._lock:
                for directive in directives:
                    self._add(directive, document)
        except (ValueError, KeyError, TypeError):
            return  # CloudWatch keeps such a line as text, too

    def _add(self, directive: Mapping[str, Any], document: Mapping[str, Any]) -> None:
        for names in directive.get("Dimensions", [[]]):
            dimensions = tuple((name, str(document[name])) for name in names)
            for metric in directive["Metrics"]:
                key = MetricKey(directive["Namespace"], metric["Name"], dimensions)
                values = document[metric["Name"]]
                total = sum(values) if isinstance(values, list) else values
                self._sums[key] = self._sums.get(key, 0) + total

    def snapshot(self) -> list[dict[str, Any]]:
        """The sums, sorted by name."""
        with self._lock:
            items = list(self._sums.items())
        rows: list[dict[str, Any]] = [
            {
                "namespace": key.namespace,
                "name": key.name,
                "dimensions": dict(key.dimensions),
                "sum": value,
            }
            for key, value in items
        ]
        return sorted(rows, key=lambda row: (row["namespace"], row["name"], str(row["dimensions"])))
