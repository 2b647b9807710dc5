"""Log groups that end with their stack and forget after the configured days.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
"""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import CfnLogGroup
from constructs import Construct


def add_log_group(
    scope: Construct, id: str, *, retention_in_days: int, name: str | None = None
) -> CfnLogGroup:
    group = CfnLogGroup(scope, id, log_group_name=name, retention_in_days=retention_in_days)
    group.apply_removal_policy(RemovalPolicy.DESTROY)
    return group
