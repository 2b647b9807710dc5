"""Log groups that end with their stack and forget after the configured days.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import CfnLogGroup
from constructs import Construct


@dataclass(frozen=True)
class LogSettings:
    """How long a log is kept, and the key that encrypts it; without one, CloudWatch uses its own."""

    retention_in_days: int
    key_arn: str | None = None


def add_log_group(
    scope: Construct, id: str, *, settings: LogSettings, name: str | None = None
) -> CfnLogGroup:
    group = CfnLogGroup(
        scope,
        id,
        log_group_name=name,
        retention_in_days=settings.retention_in_days,
        kms_key_id=settings.key_arn,
    )
    group.apply_removal_policy(RemovalPolicy.DESTROY)
    return group
