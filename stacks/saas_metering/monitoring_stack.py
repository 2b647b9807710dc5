"""What tells a person that usage is no longer counted: alarms, and the topic that they publish to.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.common.alarm_topic import AlarmTopic
from stacks.common.alarms import Alarm, add_alarm
from stacks.common.metrics import Metric
from stacks.common.stack import TaggedStack
from stacks.saas_metering.config import SaasMeteringConfig
from stacks.saas_metering.names import API, API_STAGE, MERGE_FUNCTION, METRICS_NAMESPACE, Names

NAME_PREFIX = "saas-metering-"
_HOUR_IN_SECONDS = 3600


class MonitoringStack(TaggedStack):
    """Topic and alarms; they know the other stacks' resources by name alone."""

    def __init__(
        self, scope: Construct, id: str, *, config: SaasMeteringConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="SaaS metering: alarms", settings=config, env=env)
        settings = config.saas_metering
        topic = AlarmTopic(
            self,
            "AlarmTopic",
            name="saas-metering-alarms",
            display_name="SaaS metering",
            key_arn=None,
            email=settings.alarm_email,
        )
        stream = Names(self, config).delivery_stream
        for alarm in alarms(stream, settings.delivery_late_after_minutes):
            add_alarm(self, alarm, name_prefix=NAME_PREFIX, topic_arn=topic.ref, runbook=settings.runbook)
        CfnOutput(self, "AlarmTopicArn", value=topic.ref)


def alarms(delivery_stream: str, late_after_minutes: int) -> list[Alarm]:
    """In the order of a request's way; docs/systems/saas_metering.md has a section for each."""
    return [
        Alarm(
            "api-server-errors",
            "The API answers requests with 5xx.",
            "Look at the function's log and its throttles.",
            Metric("AWS/ApiGateway", "5XXError", {"ApiName": API, "Stage": API_STAGE}),
            1,
            periods=3,
            datapoints=2,
        ),
        Alarm(
            "delivery-late",
            f"A line of the access log has waited in Firehose for {late_after_minutes} minutes or longer.",
            "Read the delivery stream's error log: most often the bucket or its policy refuses the role.",
            _delivery(delivery_stream, "DeliveryToS3.DataFreshness", "Maximum"),
            late_after_minutes * 60,
        ),
        Alarm(
            "merge-failed",
            "A run of the merge could not merge every hour; what was merged before is still there to read.",
            "Read the function's log for the hour and Athena's reason; the next run tries again by itself.",
            Metric("AWS/Lambda", "Errors", {"FunctionName": MERGE_FUNCTION}),
            1,
        ),
        Alarm(
            "merge-behind",
            "Three runs of the merge in a row had no time for every hour; hours may never be merged.",
            "Merge older hours by hand, and see in Athena what makes the queries wait.",
            Metric(METRICS_NAMESPACE, "Postponed", {"FunctionName": MERGE_FUNCTION}, period=_HOUR_IN_SECONDS),
            1,
            periods=3,
        ),
        Alarm(
            "merge-missing",
            "The merge has not run for two hours.",
            "See whether the rule is enabled and may call the function; missed hours are made up for.",
            Metric("AWS/Lambda", "Invocations", {"FunctionName": MERGE_FUNCTION}, period=_HOUR_IN_SECONDS),
            1,
            comparison="LessThanThreshold",
            periods=2,
            missing_data="breaching",
        ),
    ]


def _delivery(stream: str, name: str, statistic: str) -> Metric:
    return Metric("AWS/Firehose", name, {"DeliveryStreamName": stream}, statistic)
