"""An SQS queue for events that a function could not handle: kept for two weeks, the longest that SQS knows.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html
"""

from __future__ import annotations

from aws_cdk import CfnResource
from constructs import Construct

from stacks.common.acknowledgement import acknowledge

_TWO_WEEKS_IN_SECONDS = 14 * 24 * 3600


class DeadLetterQueue(CfnResource):
    """The queue: encrypted, over TLS alone; `rule_arn` is an EventBridge rule that may put to it."""

    def __init__(self, scope: Construct, id: str, *, name: str, rule_arn: str) -> None:
        super().__init__(
            scope,
            id,
            type="AWS::SQS::Queue",
            properties={
                "QueueName": name,
                "MessageRetentionPeriod": _TWO_WEEKS_IN_SECONDS,
                "SqsManagedSseEnabled": True,
            },
        )
        CfnResource(
            scope,
            f"{id}Policy",
            type="AWS::SQS::QueuePolicy",
            properties={
                "Queues": [self.ref],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [self._rule_may_put(rule_arn), self._nothing_without_tls()],
                },
            },
        )
        acknowledge(self, "SQS3", "It is itself the queue for what failed elsewhere; an alarm watches it.")

    @property
    def arn(self) -> str:
        return self.get_att("Arn").to_string()

    def _rule_may_put(self, rule_arn: str) -> dict[str, object]:
        return {
            "Sid": "UndeliveredEventsOfTheRule",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
        }

    def _nothing_without_tls(self) -> dict[str, object]:
        return {
            "Sid": "NothingWithoutTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": self.arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
