"""A click as a client sends it, as the delivery has it, and the fakes that stand for AWS."""

from __future__ import annotations

import base64
import json
from typing import Any

from botocore.exceptions import ClientError

SENT = {
    "requestid": "r-1",
    "contextid": "c-1",
    "callerid": "OrderApp",
    "component": "checkout",
    "action": "buy",
    "type": "click",
}
DELIVERED = {**SENT, "clientip": "192.0.2.7", "createdtime": "2026-11-21T09:30:00.125Z"}


def delivered(number: int, **changes: Any) -> dict[str, Any]:
    return {**DELIVERED, "requestid": f"r-{number}", **changes}


def record(number: int, payload: Any) -> Any:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return {"recordId": f"id-{number}", "data": base64.b64encode(data).decode()}


def aws_error(code: str, status: int = 400) -> ClientError:
    response = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Action")  # type: ignore[arg-type]


class Clock:
    """Seconds that pass when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
