"""Events: tried again when the function fails or cannot be invoked, and never lost without a word."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from local_runtime.services.events import Events


@dataclass
class Answer:
    function_error: str | None


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

    Events(pauses=(0, 0)).submit("f", invoke, b"{}")
    assert done.wait(5)
    assert tried == [b"{}"] * 3


def test_event_that_fails_to_the_end_is_in_the_log() -> None:
    logged = threading.Event()

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "thrown away" in record.getMessage():
                logged.set()

    watch = Watch()
    logging.getLogger("local_runtime.services.events").addHandler(watch)
    try:
        Events(pauses=(0, 0)).submit("f", lambda payload: Answer("Unhandled"), b"{}")
        assert logged.wait(5)
    finally:
        logging.getLogger("local_runtime.services.events").removeHandler(watch)
