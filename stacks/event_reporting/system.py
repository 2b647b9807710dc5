"""Events to Parquet, and a scheduled report about them by mail."""

from __future__ import annotations

from aws_cdk import App, Environment

from stacks.event_reporting.config import EventReportingConfig
from stacks.event_reporting.delivery_stack import DeliveryStack
from stacks.event_reporting.report_stack import ReportStack
from stacks.event_reporting.storage_stack import StorageStack


def add_event_reporting(app: App, config: EventReportingConfig, env: Environment | None) -> None:
    """Adds the stacks, in the order in which they are deployed."""
    storage = StorageStack(app, "EventReportingStorage", config=config, env=env)
    delivery = DeliveryStack(app, "EventReportingDelivery", config=config, env=env)
    report = ReportStack(app, "EventReportingReport", config=config, env=env)

    delivery.add_stack_dependency(storage)
    report.add_stack_dependency(storage)
