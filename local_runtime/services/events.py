"""Asynchronous invocations: tried again when the function fails, then sent on or, with nowhere to go, logged.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any, Protocol

from local_runtime.lambdas.function import FunctionClosedError
from local_runtime.services.asynchronous import AsynchronousSettings, function_name

log = logging.getLogger(__name__)

RETRY_SECONDS = (60.0, 120.0)

Send = Callable[[str, str, Mapping[str, str]], None]
"""A destination's ARN, the body, the message's attributes."""


class Answer(Protocol):
    @property
    def function_error(self) -> str | None: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def request_id(self) -> str: ...


Invoke = Callable[[bytes], Answer]


def _nowhere(arn: str, _body: str, _attributes: Mapping[str, str]) -> None:
    raise LookupError(f"nothing leads to {arn}")


class Events:
    """Each event in a thread of its own, so that none waits for another one's pauses.

    Args:
        settings: by function name.
        send: sends to queues and topics.
        functions: by name, for destinations that are functions.
    """

    def __init__(
        self,
        pauses: Sequence[float] = RETRY_SECONDS,
        settings: Mapping[str, AsynchronousSettings] | None = None,
        send: Send = _nowhere,
        functions: Mapping[str, Any] | None = None,
    ) -> None:
        self._pauses = tuple(pauses)
        self._settings = settings or {}
        self._send = send
        self._functions = functions or {}
        self._stopping = threading.Event()

    def submit(self, arn: str, invoke: Invoke, payload: bytes) -> Future[Answer]:
        """Take an event for a function; the future has what the first attempt came to."""
        first: Future[Answer] = Future()
        threading.Thread(
            target=self._run, args=(arn, invoke, payload, first), name=f"event-{arn}", daemon=True
        ).start()
        return first

    def _run(self, arn: str, invoke: Invoke, payload: bytes, first: Future[Answer]) -> None:
        settings = self._settings.get(function_name(arn), AsynchronousSettings())
        begun, answer, condition = time.monotonic(), None, "RetriesExhausted"
        attempts = 0
        for pause in (*self._pauses[: settings.retries], None):
            attempts += 1
            try:
                answer = invoke(payload)
                if not first.done():
                    first.set_result(answer)
                if answer.function_error is None:
                    self._forward(settings.on_success, arn, payload, answer, "Success", attempts)
                    return
            except FunctionClosedError as error:
                if not first.done():
                    first.set_exception(error)
                return
            except Exception as error:
                log.exception("%s could not be invoked for an event", arn)
                if not first.done():
                    first.set_exception(error)
            if pause is not None and time.monotonic() - begun + pause > settings.maximum_age_seconds:
                condition = "EventAgeExceeded"
                break
            if pause is None:
                break
            if self._stopping.wait(pause):
                log.error("%s: an event is lost with the end of the run: %.500r", arn, payload)
                return
        self._give_up(settings, arn, payload, answer, condition, attempts)

    def _give_up(
        self,
        settings: AsynchronousSettings,
        arn: str,
        payload: bytes,
        answer: Answer | None,
        condition: str,
        attempts: int,
    ) -> None:
        kept = self._forward(settings.on_failure, arn, payload, answer, condition, attempts)
        if settings.dead_letters is not None:
            attributes = {
                "RequestID": answer.request_id if answer else "",
                "ErrorCode": "200",
                "ErrorMessage": answer.payload.decode("utf-8", "replace")[:1024] if answer else condition,
            }
            kept = (
                self._deliver(settings.dead_letters, payload.decode("utf-8", "replace"), attributes) or kept
            )
        if kept:
            log.warning("%s: an event failed and was sent on", arn)
        else:
            log.error("%s: an event failed and is thrown away: %.500r", arn, payload)

    def _forward(
        self,
        destination: str | None,
        arn: str,
        payload: bytes,
        answer: Answer | None,
        condition: str,
        attempts: int,
    ) -> bool:
        """Whether the record of an invocation has reached a destination."""
        if destination is None:
            return False
        record: dict[str, Any] = {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": answer.request_id if answer else None,
                "functionArn": f"{arn}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "requestPayload": _json(payload),
        }
        if answer is not None:
            record["responseContext"] = {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": answer.function_error,
            }
            record["responsePayload"] = _json(answer.payload)
        return self._deliver(destination, json.dumps(record), {})

    def _deliver(self, arn: str, body: str, attributes: Mapping[str, str]) -> bool:
        try:
            if arn.split(":")[2] == "lambda":
                function = self._functions[function_name(arn)]
                self.submit(function.arn, function.invoke, body.encode())
            else:
                self._send(arn, body, attributes)
        except Exception:
            log.exception("%s could not be reached", arn)
            return False
        return True

    def close(self) -> None:
        """No event is tried again."""
        self._stopping.set()


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")
