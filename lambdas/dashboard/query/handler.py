"""API Gateway calls this for `GET /queries/{name}?start=2026-11-01&end=2026-11-30` of a signed-in viewer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import json
import os
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lambdas.common.aws_client import CallBudget, aws_client
from lambdas.common.telemetry import write_line
from lambdas.dashboard.query.answering import answer
from lambdas.dashboard.query.answers import Answers
from lambdas.dashboard.query.athena import Athena
from lambdas.dashboard.query.logic import QuestionError, ask, with_table_names
from lambdas.dashboard.query.settings import Settings

ROOT = Path(__file__).parents[3]
BUDGET = CallBudget(attempts=2)
SPARE_SECONDS = BUDGET.longest_seconds


def lambda_handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    try:
        question = ask(event["pathParameters"]["name"], event["queryStringParameters"] or {}, queries())
        deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS
        text = answer(question, settings(), athena=athena(), answers=answers(), deadline=deadline)
        return _response(200, text)
    except QuestionError as error:
        write_line({"level": "WARN", "message": str(error), "requestId": context.aws_request_id})
        return _response(error.status, json.dumps({"message": str(error), "code": error.code}))


@cache
def settings() -> Settings:
    return Settings.load(os.environ)


@cache
def queries() -> dict[str, str]:
    """What may be asked: the files of the package, nothing that a request brings along."""
    files = sorted((ROOT / settings().queries_folder).glob("*.sql"))
    names = settings().table_names
    return {file.stem: with_table_names(file.read_text(encoding="utf-8"), names) for file in files}


@cache
def athena() -> Athena:
    return Athena(
        aws_client("athena", BUDGET), work_group=settings().work_group, database=settings().database
    )


@cache
def answers() -> Answers:
    return Answers(aws_client("s3", BUDGET), settings().answers_bucket, settings().answers_folder)


def _response(status: int, body: str) -> dict[str, Any]:
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return {"statusCode": status, "headers": headers, "body": body}
