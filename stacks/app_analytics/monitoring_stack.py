"""What must not go unnoticed: events that are late, and producers that are turned away.

https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.app_analytics.config import AppAnalyticsConfig, Delivery
from stacks.common.alarm_topic import AlarmTopic
from stacks.common.alarms import Alarm, add_alarm
from stacks.common.metrics import Metric
from stacks.common.stack import TaggedStack

NAME_PREFIX = "app-analytics-"
RUNBOOK = "docs/systems/app_analytics.md"
_LATE_IN_SECONDS = 900


class MonitoringStack(TaggedStack):
    """Topic and alarms; they know the delivery stream by its name alone."""

    def __init__(
        self, scope: Construct, id: str, *, config: AppAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="App analytics: alarms", settings=config, env=env)
        topic = AlarmTopic(
            self,
            "AlarmTopic",
            name=f"{NAME_PREFIX}alarms",
            display_name="App analytics",
            key_arn=None,
            email=config.app_analytics.alarm_email,
        )
        for alarm in alarms(config.app_analytics.delivery):
            add_alarm(self, alarm, name_prefix=NAME_PREFIX, topic_arn=topic.ref, runbook=RUNBOOK)
        CfnOutput(self, "AlarmTopicArn", value=topic.ref)


def alarms(settings: Delivery) -> list[Alarm]:
    stream = {"DeliveryStreamName": settings.delivery_stream_name}
    return [
        Alarm(
            "producers-throttled",
            "Firehose turned records away, because they came faster than the delivery stream may take them.",
            "Producers must send them again. Put more events into a record, or ask AWS for a higher quota.",
            Metric("AWS/Firehose", "ThrottledRecords", stream),
            1,
        ),
        Alarm(
            "delivery-freshness",
            "An event has been in Firehose for a quarter of an hour longer than its buffer explains.",
            "Read the delivery's error log: most often a permission. After 24 hours events are lost.",
            Metric("AWS/Firehose", "DeliveryToS3.DataFreshness", stream, "Maximum"),
            settings.interval_in_seconds + _LATE_IN_SECONDS,
            periods=2,
        ),
    ]
