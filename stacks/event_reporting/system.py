"""Events to Parquet, and a scheduled report about them by mail."""

from __future__ import annotations

from aws_cdk import App, Environment

from stacks.event_reporting.config import EventReportingConfig


def add_event_reporting(app: App, config: EventReportingConfig, env: Environment | None) -> None:
    """Adds the stacks, in the order in which they are deployed."""
