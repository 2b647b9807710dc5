"""The values of one minute, added up: exact count, sum and extremes, percentiles within one per cent.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from local_runtime.errors import AwsError

SIMPLE = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
_LOG_WIDTH = math.log(1.02)
_ONE = 100_000
"""Where the bins of positive values begin to count from, so that tiny and negative ones have their own."""


@dataclass
class StatisticSet:
    """Values that arrived together, or in the same minute."""

    count: float = 0
    sum: float = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    bins: dict[int, float] = field(default_factory=dict)
    """Logarithmic bins, each two per cent wide -> how many values are in it."""

    def add(self, value: float, count: float = 1) -> None:
        self.count += count
        self.sum += value * count
        if value < self.minimum:
            self.minimum = value
        if value > self.maximum:
            self.maximum = value
        number = _bin(value)
        self.bins[number] = self.bins.get(number, 0) + count

    def merge(self, other: StatisticSet) -> None:
        self.count += other.count
        self.sum += other.sum
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        for number, count in other.bins.items():
            self.bins[number] = self.bins.get(number, 0) + count

    def value(self, statistic: str) -> float:
        """
        Raises:
            AwsError: there is no such statistic here.
        """
        match statistic:
            case "SampleCount":
                return self.count
            case "Sum":
                return self.sum
            case "Average":
                return self.sum / self.count
            case "Minimum":
                return self.minimum
            case "Maximum":
                return self.maximum
        return self._percentile(percentile(statistic))

    def _percentile(self, share: float) -> float:
        wanted = share / 100 * sum(self.bins.values())
        seen = 0.0
        for number in sorted(self.bins):
            seen += self.bins[number]
            if seen >= wanted:
                return min(max(_middle(number), self.minimum), self.maximum)
        return self.maximum


def percentile(statistic: str) -> float:
    """`p99.9` -> 99.9

    Raises:
        AwsError: it is no statistic that the local run knows.
    """
    match = _PERCENTILE.fullmatch(statistic)
    if match is None:
        known = f"{', '.join(SIMPLE)} and percentiles such as p99"
        raise AwsError(
            "InvalidParameterValue", f"The statistic {statistic!r} is not known; there are {known}."
        )
    return float(match[1])


def _bin(value: float) -> int:
    if value == 0:
        return 0
    number = _ONE + round(math.log(abs(value)) / _LOG_WIDTH)
    return number if value > 0 else -number


def _middle(number: int) -> float:
    if number == 0:
        return 0
    size = math.exp((abs(number) - _ONE) * _LOG_WIDTH)
    return size if number > 0 else -size
