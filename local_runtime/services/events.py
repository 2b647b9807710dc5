"""Asynchronous invocations: tried again twice when the function fails, then logged and thrown away.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from local_runtime.lambdas.function import FunctionClosedError

log = logging.getLogger(__name__)

RETRY_SECONDS = (60.0, 120.0)


class Answer(Protocol):
    @property
    def function_error(self) -> str | None: ...


class Events:
    """Each event in a thread of its own, so that none waits for another one's pauses."""

    def __init__(self, pauses: Sequence[float] = RETRY_SECONDS) -> None:
        self._pauses = tuple(pauses)
        self._stopping = threading.Event()

    def submit(self, name: str, invoke: Callable[[bytes], Answer], payload: bytes) -> None:
        """Take an event for the function of this name."""
        threading.Thread(
            target=self._run, args=(name, invoke, payload), name=f"event-{name}", daemon=True
        ).start()

    def _run(self, name: str, invoke: Callable[[bytes], Answer], payload: bytes) -> None:
        for pause in (*self._pauses, None):
            try:
                if invoke(payload).function_error is None:
                    return
            except FunctionClosedError:
                return
            except Exception:
                log.exception("%s could not be invoked for an event", name)
            if pause is None or self._stopping.wait(pause):
                break
        log.error("%s: an event failed and is thrown away: %.500r", name, payload)

    def close(self) -> None:
        """No event is tried again."""
        self._stopping.set()
