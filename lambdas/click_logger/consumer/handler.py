"""Data Firehose calls this for each batch of clicks on its way to the bucket: it keeps them in DynamoDB, too.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
"""

import os
import time
from functools import cache
from typing import Any

from lambdas.click_logger.click import click_schema
from lambdas.click_logger.consumer.click_table import ClickTable
from lambdas.click_logger.consumer.dead_letters import DeadLetters
from lambdas.click_logger.consumer.logic import item_of, read_batch
from lambdas.click_logger.consumer.report import report
from lambdas.click_logger.consumer.settings import Settings
from lambdas.common.aws_client import CallBudget, aws_client
from lambdas.common.firehose import TransformationEvent, TransformationResponse

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
    report(batch, unwritten, context, settings().metrics_namespace)
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
