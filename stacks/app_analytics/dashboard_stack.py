"""The page that shows the team what customers do in the app."""

from __future__ import annotations

from aws_cdk import Environment
from constructs import Construct

from stacks.app_analytics.config import AppAnalyticsConfig
from stacks.app_analytics.names import DATABASE, RAW_FOLDER, RESULTS_FOLDER, TABLE, Names
from stacks.common.dashboard_queries import DashboardData
from stacks.common.dashboard_site import DashboardSite
from stacks.common.log_group import LogSettings
from stacks.common.stack import TaggedStack


class DashboardStack(TaggedStack):
    """The page over the raw events."""

    def __init__(
        self, scope: Construct, id: str, *, config: AppAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="App analytics: dashboard page", settings=config, env=env)
        DashboardSite(
            self,
            "Dashboard",
            name="app-analytics-dashboard",
            title="App analytics",
            room="app_analytics",
            data=DashboardData(
                database=DATABASE,
                tables=[TABLE],
                bucket=Names(self, config).bucket,
                folders=[RAW_FOLDER],
                results_folder=f"{RESULTS_FOLDER}/dashboard",
                queries="app_analytics/dashboard",
            ),
            settings=config.app_analytics.dashboard,
            log=LogSettings(config.log_retention_in_days),
        )
