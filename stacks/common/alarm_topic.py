"""An SNS topic to which CloudWatch alarms of this account publish, over TLS alone.

https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stacks.common.topic import Topic


class AlarmTopic(Topic):
    """The topic. CloudWatch may not publish under alias/aws/sns: its key is one of the app's, or none."""

    def service_publishers(self) -> Sequence[dict[str, Any]]:
        return [
            {
                "Sid": "AlarmsOfThisAccount",
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": self.ref,
                "Condition": {"StringEquals": {"aws:SourceAccount": self.stack.account}},
            }
        ]
