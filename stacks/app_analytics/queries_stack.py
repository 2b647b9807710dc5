"""Where the questions are asked: the Athena work group and its queries.

https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.app_analytics.config import AppAnalyticsConfig
from stacks.app_analytics.names import DATABASE, WORK_GROUP, Names
from stacks.common.athena import WorkGroup
from stacks.common.stack import TaggedStack

_MEGABYTE = 1_000_000


class QueriesStack(TaggedStack):
    """The work group; every file of `sql/app_analytics/queries` is a query in it."""

    def __init__(
        self, scope: Construct, id: str, *, config: AppAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="App analytics: work group", settings=config, env=env)
        limit = config.app_analytics.queries.scan_limit_in_mbs
        work_group = WorkGroup(
            self,
            "WorkGroup",
            name=WORK_GROUP,
            description="Questions to the app events",
            results=Names(self, config).results_location,
            scan_limit_in_bytes=None if limit is None else limit * _MEGABYTE,
        )
        work_group.add_queries("app_analytics/queries", DATABASE)
        CfnOutput(self, "AthenaWorkGroupName", value=work_group.ref)
