"""Data Firehose calls this for each batch of clicks on its way to the bucket: it keeps them in DynamoDB, too.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
"""

import os
import time
from collections.abc import Sequence
from functools import cache
from typing import Any

from lambdas.click_logger.click import click_schema
from lambdas.click_logger.consumer.click_table import ClickTable, Unwritten
from lambdas.click_logger.consumer.dead_letters import DeadLetters
from lambdas.click_logger.consumer.logic import KEY, Batch, item_of, read_batch
from lambdas.click_logger.consumer.settings import Settings
from lambdas.common.aws_client import CallBudget, aws_client
from lambdas.common.firehose import TransformationEvent, TransformationResponse
from lambdas.common.telemetry import embedded_metrics, write_line

# The table is tried again until the deadline by ClickTable, not by the SDK.
TABLE_BUDGET = CallBudget(attempts=1)
DEAD_LETTER_BUDGET = CallBudget(attempts=3)
RESERVE_SECONDS = TABLE_BUDGET.longest_seconds + DEAD_LETTER_BUDGET.longest_seconds + 2
"""Kept back from the function's time: the last call to the table, the dead letters, the answer."""


def lambda_handler(event: TransformationEvent, context: Any) -> TransformationResponse:
    batch = read_batch(event["records"], click_schema())
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    items = [item_of(click, settings().items_expire_after_days) for click in batch.distinct]
    unwritten = click_table().write(items, deadline)
    if unwritten:
        # What can be kept nowhere must not be answered: Firehose then calls again with the whole batch.
        dead_letters().keep(unwritten, event["invocationId"])
    report(batch, unwritten, context)
    return {"records": batch.replies}


@cache
def settings() -> Settings:
    return Settings.load(os.environ)


@cache
def click_table() -> ClickTable:
    client = aws_client("dynamodb", TABLE_BUDGET)
    return ClickTable(client, settings().table_name, clock=time.monotonic, sleep=time.sleep)


@cache
def dead_letters() -> DeadLetters:
    client = aws_client("s3", DEAD_LETTER_BUDGET)
    return DeadLetters(client, settings().dead_letter_bucket, settings().dead_letter_prefix)


def report(batch: Batch, unwritten: Sequence[Unwritten], context: Any) -> None:
    """A line for each dead letter with the click's key, one for the batch, one for CloudWatch metrics."""
    for lost in unwritten:
        key = {name: lost.item[name]["S"] for name in KEY}
        write_line({"level": "ERROR", "message": "click not in the table", "reason": lost.reason, **key})
    counts = {
        "Written": len(batch.distinct) - len(unwritten),
        "DeadLetters": len(unwritten),
        "Rejected": sum(click is None for click in batch.clicks),
    }
    level = "WARN" if counts["Rejected"] or unwritten else "INFO"
    ids = {"requestId": context.aws_request_id}
    write_line({"level": level, "message": "batch consumed", **ids, **counts})
    write_line(
        embedded_metrics(
            counts,
            namespace=settings().metrics_namespace,
            dimensions={"FunctionName": context.function_name},
            timestamp_ms=time.time_ns() // 1_000_000,
        )
    )
