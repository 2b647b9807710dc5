"""What wakes an on-call engineer: alarms, and the topic that tells of them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.click_logger.alarms import alarms
from stacks.click_logger.config import ClickLoggerConfig
from stacks.common.alarm_topic import AlarmTopic
from stacks.common.alarms import add_alarm
from stacks.common.stack import TaggedStack

NAME_PREFIX = "click-logger-"
RUNBOOK = "docs/systems/click_logger.md"


class ClickMonitoringStack(TaggedStack):
    """Topic and alarms; they know the other stacks' resources by name alone."""

    def __init__(
        self, scope: Construct, id: str, *, config: ClickLoggerConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="Click logger: alarms", settings=config, env=env)
        topic = AlarmTopic(
            self,
            "AlarmTopic",
            name="click-logger-alarms",
            display_name="Click logger",
            key_arn=None,
            email=config.click_logger.alarm_email,
        )
        for alarm in alarms(config.click_logger):
            add_alarm(self, alarm, name_prefix=NAME_PREFIX, topic_arn=topic.ref, runbook=RUNBOOK)
        CfnOutput(self, "AlarmTopicArn", value=topic.ref)
