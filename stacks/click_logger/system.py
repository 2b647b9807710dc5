"""API with a Lambda authorizer -> Firehose -> Parquet and DynamoDB."""

from __future__ import annotations

from aws_cdk import App, Environment

from stacks.click_logger.config import ClickLoggerConfig


def add_click_logger(app: App, config: ClickLoggerConfig, env: Environment | None) -> None:
    """Adds the stacks, in the order in which they are deployed."""
