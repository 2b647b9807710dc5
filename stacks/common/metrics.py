"""CloudWatch metrics, as alarms and as dashboards spell them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PERIOD_IN_SECONDS = 300


@dataclass(frozen=True)
class Metric:
    """One series; the statistic is `Sum`, `Maximum`, a percentile such as `p99` or the like."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Sum"
    period: int = PERIOD_IN_SECONDS

    def in_alarm(self) -> dict[str, Any]:
        return {
            "Metric": {
                "Namespace": self.namespace,
                "MetricName": self.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions.items()],
            },
            "Period": self.period,
            "Stat": self.statistic,
        }

    def in_widget(self, **options: object) -> list[object]:
        dimensions = [part for pair in self.dimensions.items() for part in pair]
        return [
            self.namespace,
            self.name,
            *dimensions,
            {"stat": self.statistic, "period": self.period, **options},
        ]


@dataclass(frozen=True)
class Expression:
    """Metric math over series by their identifiers.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """

    text: str
    of: Mapping[str, Metric]

    @property
    def period(self) -> int:
        """That of its series; a search has none."""
        return max((metric.period for metric in self.of.values()), default=PERIOD_IN_SECONDS)

    def in_alarm(self) -> list[dict[str, Any]]:
        inputs = [
            {"Id": id, "MetricStat": metric.in_alarm(), "ReturnData": False} for id, metric in self.of.items()
        ]
        return [{"Id": "result", "Expression": self.text, "ReturnData": True}, *inputs]

    def in_widget(self, **options: object) -> list[list[object]]:
        inputs = [metric.in_widget(id=id, visible=False) for id, metric in self.of.items()]
        return [[{"expression": self.text, "period": self.period, **options}], *inputs]


def percentage(part: Metric, whole: Mapping[str, Metric], *, minimum: int) -> Expression:
    """A part of a whole that is the sum of series; 0 while the whole is less than the minimum."""
    sum = " + ".join(whole)
    return Expression(f"IF({sum} >= {minimum}, 100 * part / ({sum}), 0)", {"part": part, **whole})
