"""API with a Lambda authorizer -> Firehose -> Parquet and DynamoDB."""

from __future__ import annotations

from aws_cdk import App, Environment

from stacks.click_logger.api_stack import ClickApiStack
from stacks.click_logger.config import ClickLoggerConfig
from stacks.click_logger.delivery_stack import ClickDeliveryStack
from stacks.click_logger.monitoring_stack import ClickMonitoringStack
from stacks.click_logger.table_stack import ClickTableStack


def add_click_logger(app: App, config: ClickLoggerConfig, env: Environment | None) -> None:
    """Adds the stacks, in the order in which they are deployed."""
    table = ClickTableStack(app, "ClickLoggerTable", config=config, env=env)
    delivery = ClickDeliveryStack(app, "ClickLoggerDelivery", config=config, env=env)
    api = ClickApiStack(app, "ClickLoggerApi", config=config, env=env)
    monitoring = ClickMonitoringStack(app, "ClickLoggerMonitoring", config=config, env=env)
    delivery.add_stack_dependency(table)
    api.add_stack_dependency(delivery)
    monitoring.add_stack_dependency(api)
