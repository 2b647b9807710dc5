"""The settings of app_analytics: raw JSON events, a schema that a crawler discovers, a dashboard."""

from __future__ import annotations

from stacks.config import CommonConfig, Section


class AppAnalytics(Section):
    """Raw JSON events, a schema that a crawler discovers, a dashboard."""


class AppAnalyticsConfig(CommonConfig):
    """Everything that app_analytics can be told."""

    app_analytics: AppAnalytics = AppAnalytics()
