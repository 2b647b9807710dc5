"""ReceiveMessage with WaitTimeSeconds: asked again and again, so that the wait holds no thread and no lock.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
Clients of the old query protocol get a short poll.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import orjson

from local_runtime.wire.errors import FORM

POLL_SECONDS = 0.2
MAX_WAIT_SECONDS = 20
_TARGET = "AmazonSQS."

Answer = TypeVar("Answer", bound=tuple[Any, Any, bytes])
Ask = Callable[[str | None, bytes], Awaitable[Answer]]
"""Ask the service once: X-Amz-Target (None: as the client sent it) and body."""


async def receive_messages(ask: Ask[Answer], body: bytes) -> Answer:
    """What the first poll that finds messages answers, or the last one in the time that the request gives."""
    request = _document(body)
    deadline = time.monotonic() + await _wait_seconds(ask, request)
    if 0 <= _seconds(request.get("WaitTimeSeconds", 0)) <= MAX_WAIT_SECONDS:
        body = orjson.dumps({**request, "WaitTimeSeconds": 0})
    while True:
        answer = await ask(None, body)
        remaining = deadline - time.monotonic()
        if remaining <= 0 or answer[0] != 200 or _document(answer[2]).get("Messages"):
            return answer
        await asyncio.sleep(min(POLL_SECONDS, remaining))


def is_receive(headers: Mapping[str, str]) -> bool:
    return headers.get("x-amz-target") == f"{_TARGET}ReceiveMessage"


def short_poll(headers: Mapping[str, str], body: bytes) -> bytes:
    """The form of a ReceiveMessage without its wait; any other body as it is."""
    if not headers.get("content-type", "").startswith(FORM):
        return body
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if fields.get("Action") != "ReceiveMessage":
        return body
    return urlencode({**fields, "WaitTimeSeconds": "0"}).encode()


async def _wait_seconds(ask: Ask[Answer], request: Mapping[str, Any]) -> float:
    """The request's wait, or else the queue's; what is out of range is left to the service to refuse."""
    given = request.get("WaitTimeSeconds")
    if given is None:
        name = "ReceiveMessageWaitTimeSeconds"
        asked = orjson.dumps({"QueueUrl": request.get("QueueUrl"), "AttributeNames": [name]})
        status, _, body = await ask(f"{_TARGET}GetQueueAttributes", asked)
        given = _document(body).get("Attributes", {}).get(name, 0) if status == 200 else 0
    seconds = _seconds(given)
    return seconds if 0 <= seconds <= MAX_WAIT_SECONDS else 0


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return -1


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
