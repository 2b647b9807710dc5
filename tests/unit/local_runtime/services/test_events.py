"""Events: tried again when the function fails or cannot be invoked, and never lost without a word."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from local_runtime.services.asynchronous import AsynchronousSettings
from local_runtime.services.events import Events

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:failed"


@dataclass
class Answer:
    function_error: str | None
    payload: bytes = b'{"errorType": "Odd"}'
    request_id: str = "1-2-3"


class Sent:
    """What was sent to a destination."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str, dict[str, str]]] = []
        self.there = threading.Event()

    def __call__(self, arn: str, body: str, attributes: object) -> None:
        self.messages.append((arn, body, dict(attributes)))  # type: ignore[call-overload]
        self.there.set()


def failing(payload: bytes) -> Answer:
    return Answer("Unhandled")


def test_event_is_tried_again_after_an_exception_and_after_an_error() -> None:
    done = threading.Event()
    tried: list[bytes] = []

    def invoke(payload: bytes) -> Answer:
        tried.append(payload)
        if len(tried) == 1:
            raise OSError("no process")
        if len(tried) == 3:
            done.set()
        return Answer(None if len(tried) == 3 else "Unhandled")

    Events(pauses=(0, 0)).submit(FUNCTION, invoke, b"{}")
    assert done.wait(5)
    assert tried == [b"{}"] * 3


@pytest.fixture
def logged() -> Iterator[Callable[[str], bool]]:
    """Waits for a line of the log."""
    lines: list[str] = []
    changed = threading.Condition()

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            with changed:
                lines.append(record.getMessage())
                changed.notify_all()

    def wait(text: str) -> bool:
        with changed:
            return changed.wait_for(lambda: any(text in line for line in lines), 5)

    watch = Watch()
    logging.getLogger("local_runtime.services.events").addHandler(watch)
    yield wait
    logging.getLogger("local_runtime.services.events").removeHandler(watch)


def test_event_that_fails_to_the_end_is_in_the_log(logged: Callable[[str], bool]) -> None:
    Events(pauses=(0, 0)).submit(FUNCTION, failing, b"{}")
    assert logged("thrown away")


def test_the_caller_can_wait_for_the_first_attempt() -> None:
    events = Events(pauses=(3600, 3600))
    first = events.submit(FUNCTION, failing, b"{}")
    assert first.result(5).function_error == "Unhandled"
    events.close()


def test_event_that_waits_when_the_run_ends_is_in_the_log(logged: Callable[[str], bool]) -> None:
    events = Events(pauses=(3600, 3600))
    events.submit(FUNCTION, failing, b"{}").result(5)
    events.close()
    assert logged("lost with the end of the run")


def test_failed_event_reaches_its_destination_with_what_was_asked_and_answered() -> None:
    sent = Sent()
    settings = {"f": AsynchronousSettings(retries=1, on_failure=QUEUE)}

    Events((0, 0), settings, sent).submit(FUNCTION, failing, b'{"day": 1}')

    assert sent.there.wait(5)
    ((arn, body, _),) = sent.messages
    record = json.loads(body)
    assert arn == QUEUE
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["requestContext"]["functionArn"] == f"{FUNCTION}:$LATEST"
    assert record["requestPayload"] == {"day": 1}
    assert record["responsePayload"] == {"errorType": "Odd"}


def test_dead_letter_is_the_event_itself_with_the_reason_beside_it() -> None:
    sent = Sent()
    settings = {"f": AsynchronousSettings(retries=0, dead_letters=QUEUE)}

    Events((0, 0), settings, sent).submit(FUNCTION, failing, b'{"day": 1}')

    assert sent.there.wait(5)
    ((arn, body, attributes),) = sent.messages
    assert (arn, body) == (QUEUE, '{"day": 1}')
    assert attributes == {"RequestID": "1-2-3", "ErrorCode": "200", "ErrorMessage": '{"errorType": "Odd"}'}


def test_event_that_gets_too_old_is_not_tried_again() -> None:
    sent = Sent()
    settings = {"f": AsynchronousSettings(maximum_age_seconds=60, on_failure=QUEUE)}

    Events((61, 120), settings, sent).submit(FUNCTION, failing, b"{}")

    assert sent.there.wait(5)
    assert json.loads(sent.messages[0][1])["requestContext"]["condition"] == "EventAgeExceeded"


def test_success_has_a_destination_too() -> None:
    sent = Sent()
    settings = {"f": AsynchronousSettings(on_success=QUEUE)}

    Events((0, 0), settings, sent).submit(FUNCTION, lambda payload: Answer(None, b"3"), b"{}")

    assert sent.there.wait(5)
    assert json.loads(sent.messages[0][1])["responsePayload"] == 3


def test_destination_that_cannot_be_reached_leaves_the_event_in_the_log(
    logged: Callable[[str], bool],
) -> None:
    settings = {"f": AsynchronousSettings(retries=0, on_failure=QUEUE)}

    Events((0, 0), settings).submit(FUNCTION, failing, b"{}")

    assert logged("could not be reached")
    assert logged("thrown away")
