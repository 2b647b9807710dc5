"""Decides what becomes of a request: a record for the delivery stream, or an answer that says why not."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lambdas.click_logger.click import ClickSchema

RETRY_AFTER_SECONDS = 5
_HEADERS = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}


@dataclass(frozen=True)
class Rejected:
    """Why the body is no click, in words for the client."""

    cause: str


def read_click(event: dict[str, Any], schema: ClickSchema) -> dict[str, str] | Rejected:
    """The click with the caller's address and the moment at which API Gateway took the request.

    API Gateway checks bodies against the same schema, but not those of a content type without a model.
    """
    try:
        click = json.loads(event["body"] or "")
    except (ValueError, RecursionError):
        return Rejected("the body is no JSON")
    if problem := schema.problem(click):
        return Rejected(problem)
    request = event["requestContext"]
    return {
        **{name: click[name] for name in schema.sent},
        "clientip": request["identity"]["sourceIp"],
        "createdtime": iso_utc(request["requestTimeEpoch"]),
    }


def iso_utc(milliseconds: int) -> str:
    """`2026-11-21T09:30:00.125Z`: what Firehose and Athena read as a timestamp, and what sorts as text."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def accepted(click: dict[str, str]) -> dict[str, Any]:
    return _answer(200, {"requestid": click["requestid"], "createdtime": click["createdtime"]})


def bad_request(rejected: Rejected) -> dict[str, Any]:
    """In the words of API Gateway's own refusals."""
    return _answer(400, {"message": "Invalid request body", "cause": rejected.cause})


def try_again() -> dict[str, Any]:
    answer = _answer(503, {"message": "The click could not be taken now. Send it again."})
    answer["headers"]["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


def _answer(status: int, body: dict[str, str]) -> dict[str, Any]:
    return {"statusCode": status, "headers": dict(_HEADERS), "body": json.dumps(body)}
