"""Raw JSON events, a schema that a crawler discovers, a dashboard."""

from __future__ import annotations

from aws_cdk import App, Environment

from stacks.app_analytics.config import AppAnalyticsConfig


def add_app_analytics(app: App, config: AppAnalyticsConfig, env: Environment | None) -> None:
    """Adds the stacks, in the order in which they are deployed."""
