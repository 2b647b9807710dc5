"""CloudWatch alarms that tell a topic when they begin and when they end.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aws_cdk import CfnResource
from constructs import Construct

from stacks.common.metrics import Expression, Metric

Comparison = Literal["GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold"]


@dataclass(frozen=True)
class Alarm:
    """What is watched, and what a person does when it is raised; its name is its section of the runbook.

    It is raised when the series breaches the threshold in as many of the last `periods` as `datapoints` says.
    """

    name: str
    meaning: str
    advice: str
    series: Metric | Expression
    threshold: float
    comparison: Comparison = "GreaterThanOrEqualToThreshold"
    periods: int = 1
    datapoints: int | None = None
    missing_data: Literal["notBreaching", "breaching"] = "notBreaching"


def add_alarm(
    scope: Construct, alarm: Alarm, *, name_prefix: str, topic_arn: str, runbook: str
) -> CfnResource:
    return CfnResource(
        scope,
        "".join(word.capitalize() for word in alarm.name.split("-")),
        type="AWS::CloudWatch::Alarm",
        properties={
            "AlarmName": f"{name_prefix}{alarm.name}",
            "AlarmDescription": f"{alarm.meaning} {alarm.advice} More: {runbook}#{alarm.name}",
            "ComparisonOperator": alarm.comparison,
            "Threshold": alarm.threshold,
            "EvaluationPeriods": alarm.periods,
            "DatapointsToAlarm": alarm.periods if alarm.datapoints is None else alarm.datapoints,
            "TreatMissingData": alarm.missing_data,
            "AlarmActions": [topic_arn],
            "OKActions": [topic_arn],
            **_series(alarm.series),
        },
    )


def _series(series: Metric | Expression) -> dict[str, object]:
    if isinstance(series, Expression):
        return {"Metrics": series.in_alarm()}
    query = series.in_alarm()
    statistic = "ExtendedStatistic" if series.statistic.startswith("p") else "Statistic"
    return {**query["Metric"], "Period": query["Period"], statistic: query["Stat"]}
