"""`POST /clicklogger`: a click is answered 200 when Firehose has it, and 503 when it should be sent again.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecord.html
"""

import json
import os
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.click_logger.click import click_schema
from lambdas.click_logger.ingest.logic import Rejected, accepted, bad_request, read_click, try_again
from lambdas.click_logger.ingest.settings import Settings
from lambdas.common.aws_client import CallBudget, aws_client, error_code, is_passing
from lambdas.common.telemetry import write_line

BUDGET = CallBudget(attempts=3)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    click = read_click(event, click_schema())
    if isinstance(click, Rejected):
        return bad_request(click)
    data = json.dumps(click, ensure_ascii=False) + "\n"
    try:
        firehose().put_record(
            DeliveryStreamName=settings().delivery_stream_name, Record={"Data": data.encode()}
        )
    except (ClientError, BotoCoreError) as error:
        if not is_passing(error):
            raise  # 502: a permission or a name is wrong, and sending again would not help
        report(error, event, context)
        return try_again()
    return accepted(click)


def report(error: Exception, event: dict[str, Any], context: Any) -> None:
    """Which application was turned away and why; nothing of the click."""
    write_line(
        {
            "level": "WARN",
            "message": "click not taken",
            "requestId": context.aws_request_id,
            "caller": event["requestContext"].get("authorizer", {}).get("caller"),
            "reason": error_code(error),
        }
    )


@cache
def settings() -> Settings:
    return Settings.load(os.environ)


@cache
def firehose() -> Any:
    return aws_client("firehose", BUDGET)
