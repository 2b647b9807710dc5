"""CloudWatch dashboards: rows of widgets, laid out from left to right and from top to bottom.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import CfnResource, Stack
from constructs import Construct

_COLUMNS = 24


@dataclass(frozen=True)
class Widget:
    """A widget of a dashboard; a row shares its width among its widgets."""

    type: str
    properties: dict[str, Any]
    height: int = 6


@dataclass(frozen=True)
class Limit:
    """A line across a graph, at the threshold of an alarm."""

    label: str
    value: float


def text(markdown: str, height: int) -> Widget:
    return Widget("text", {"markdown": markdown, "background": "transparent"}, height)


def alarm_status(title: str, alarm_arns: Sequence[str], height: int) -> Widget:
    return Widget(
        "alarm", {"title": title, "alarms": list(alarm_arns), "sortBy": "stateUpdatedTimestamp"}, height
    )


def numbers(title: str, metrics: Iterable[list[object]], *, period: int, height: int = 4) -> Widget:
    """The latest values as numbers with a small graph behind each."""
    return Widget(
        "metric",
        {
            "title": title,
            "view": "singleValue",
            "sparkline": True,
            "period": period,
            "metrics": list(metrics),
        },
        height,
    )


def graph(
    title: str,
    metrics: Iterable[list[object]],
    *,
    unit: str,
    limits: Sequence[Limit] = (),
    stacked: bool = False,
) -> Widget:
    lines = [{"label": limit.label, "value": limit.value, "color": "#d13212"} for limit in limits]
    return Widget(
        "metric",
        {
            "title": title,
            "view": "timeSeries",
            "stacked": stacked,
            "metrics": list(metrics),
            "yAxis": {"left": {"label": unit, "showUnits": False, "min": 0}},
            **({"annotations": {"horizontal": lines}} if lines else {}),
        },
    )


def add_dashboard(scope: Construct, id: str, *, name: str, rows: Sequence[Sequence[Widget]]) -> CfnResource:
    return CfnResource(
        scope,
        id,
        type="AWS::CloudWatch::Dashboard",
        properties={
            "DashboardName": name,
            "DashboardBody": json.dumps(
                {"start": "-PT3H", "widgets": _laid_out(rows, Stack.of(scope).region)}
            ),
        },
    )


def _laid_out(rows: Sequence[Sequence[Widget]], region: str) -> list[dict[str, Any]]:
    widgets: list[dict[str, Any]] = []
    y = 0
    for row in rows:
        width = _COLUMNS // len(row)
        for number, widget in enumerate(row):
            properties = (
                widget.properties if widget.type != "metric" else {"region": region, **widget.properties}
            )
            place = {"x": number * width, "y": y, "width": width, "height": widget.height}
            widgets.append({"type": widget.type, **place, "properties": properties})
        y += max(widget.height for widget in row)
    return widgets
