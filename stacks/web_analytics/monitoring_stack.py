"""What an on-call engineer looks at, and what wakes one: a dashboard, alarms, the topic that tells of them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.common.alarm_topic import AlarmTopic
from stacks.common.alarms import add_alarm
from stacks.common.dashboard import add_dashboard
from stacks.common.pseudo_parameters import partition
from stacks.common.stack import TaggedStack
from stacks.web_analytics.alarms import NAME_PREFIX, alarms
from stacks.web_analytics.config import WebAnalyticsConfig
from stacks.web_analytics.dashboard import rows
from stacks.web_analytics.metrics import Metrics
from stacks.web_analytics.names import Names


class MonitoringStack(TaggedStack):
    """Topic, alarms and dashboard; they know the other stacks' resources by name alone."""

    def __init__(
        self, scope: Construct, id: str, *, config: WebAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(
            scope, id, description="Web analytics: dashboard and alarms", settings=config, env=env
        )
        names, settings = Names(self, config), config.monitoring
        metrics = Metrics(names, config)
        topic = AlarmTopic(
            self,
            "AlarmTopic",
            name="web-analytics-alarms",
            display_name="Web analytics",
            key_arn=names.encryption_key_arn,
            email=settings.alarm_email,
        )
        watched = alarms(metrics, settings)
        for alarm in watched:
            add_alarm(self, alarm, name_prefix=NAME_PREFIX, topic_arn=topic.ref, runbook=settings.runbook)
        alarm_arn = f"arn:{partition()}:cloudwatch:{self.region}:{self.account}:alarm:{NAME_PREFIX}"
        add_dashboard(
            self,
            "Dashboard",
            name="web-analytics",
            rows=rows(metrics, config, [f"{alarm_arn}{alarm.name}" for alarm in watched]),
        )
        CfnOutput(self, "AlarmTopicArn", value=topic.ref)
        CfnOutput(self, "DashboardName", value="web-analytics")
