"""API Gateway calls this for `GET /queries/{name}?start=2026-11-01&end=2026-11-30` of a signed-in viewer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lambdas.common.aws_client import CallBudget, aws_client
from lambdas.common.telemetry import write_line
from lambdas.dashboard.query.answers import Answers
from lambdas.dashboard.query.athena import Athena
from lambdas.dashboard.query.logic import Question, QuestionError, answer_text, ask, with_table_names
from lambdas.dashboard.query.settings import Settings

ROOT = Path(__file__).parents[3]
BUDGET = CallBudget(attempts=2)
SPARE_SECONDS = BUDGET.longest_seconds
TOKEN_SECONDS = 30
"""A failed query can be asked anew after that; until then all who ask share one execution."""


def lambda_handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    try:
        question = ask(event["pathParameters"]["name"], event["queryStringParameters"] or {}, queries())
        deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS
        return _response(200, _answer(question, deadline))
    except QuestionError as error:
        write_line({"level": "WARN", "message": str(error), "requestId": context.aws_request_id})
        return _response(error.status, json.dumps({"message": str(error), "code": error.code}))


def _answer(question: Question, deadline: float) -> str:
    now = int(time.time())
    key = question.key(settings().database, now // settings().cache_seconds)
    kept = answers().get(key)
    if kept is not None:
        return kept
    token = hashlib.sha256(f"{key}{now // TOKEN_SECONDS}".encode()).hexdigest()
    table = athena().answer(question, token=token, deadline=deadline)
    asked_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    text = answer_text(question, table.columns, table.rows, asked_at=asked_at)
    answers().put(key, text)
    facts = {"query": question.name, "scannedBytes": table.scanned_bytes}
    write_line({"level": "INFO", "message": "Athena was asked", **facts})
    return text


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
