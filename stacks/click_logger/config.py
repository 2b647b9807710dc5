"""The settings of click_logger: API with a Lambda authorizer -> Firehose -> Parquet and DynamoDB."""

from __future__ import annotations

from stacks.config import CommonConfig, Section


class ClickLogger(Section):
    """API with a Lambda authorizer -> Firehose -> Parquet and DynamoDB."""


class ClickLoggerConfig(CommonConfig):
    """Everything that click_logger can be told."""

    click_logger: ClickLogger = ClickLogger()
