"""The time of one execution: waits count in full, however short the run makes them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from typing import TypeVar

from local_runtime.states.errors import StatesError

Result = TypeVar("Result")

LONGEST_WAIT_SECONDS = 3600.0


class InterruptedExecutionError(Exception):
    """The execution was stopped, or the run ends."""


class ExecutionTimeoutError(Exception):
    """The state machine's own `TimeoutSeconds` is over."""


class ExecutionClock:
    """
    Args:
        limit: the machine's `TimeoutSeconds`; None is for ever.
        scale: the share of each wait that is really waited for.
        elapsed: the execution's age when an earlier run was interrupted.
    """

    def __init__(self, limit: float | None, scale: float = 1.0, elapsed: float = 0.0) -> None:
        self._limit = limit
        self._scale = scale
        self._skipped = elapsed
        self._begun = time.monotonic()
        self._changed = threading.Condition()
        self._interrupted = False

    @property
    def elapsed(self) -> float:
        """Seconds since the execution began, without those in which no run was up."""
        return time.monotonic() - self._begun + self._skipped

    def interrupt(self) -> None:
        """End the wait under way, and every later one."""
        with self._changed:
            self._interrupted = True
            self._changed.notify_all()

    def pause(self, seconds: float, waited: float = 0.0) -> None:
        """Wait, by the scale, less the real seconds that are over already.

        Raises:
            InterruptedExecutionError: in the meantime.
            ExecutionTimeoutError: the machine's time is over before the wait is.
        """
        left = self._left()
        granted = seconds if left is None else min(seconds, left)
        deadline = time.monotonic() + granted * self._scale - waited
        with self._changed:
            while not self._interrupted and (rest := deadline - time.monotonic()) > 0:
                self._changed.wait(min(rest, LONGEST_WAIT_SECONDS))
        self._check()
        self._skipped += granted * (1 - self._scale)
        if granted < seconds:
            raise ExecutionTimeoutError

    def result(self, future: Future[Result], seconds: float, error: str) -> Result:
        """What comes of `future`; the seconds here are real ones.

        Raises:
            StatesError: `error`, it took longer.
            InterruptedExecutionError, ExecutionTimeoutError: as in `pause`.
        """
        future.add_done_callback(self._notify)
        deadline = time.monotonic() + seconds
        while not future.done():
            self._check()
            left, rest = self._left(), deadline - time.monotonic()
            if left is not None and left <= 0:
                raise ExecutionTimeoutError
            if rest <= 0:
                raise StatesError(error)
            with self._changed:
                if not future.done() and not self._interrupted:
                    self._changed.wait(min(rest, LONGEST_WAIT_SECONDS, rest if left is None else left))
        self._check()
        return future.result()

    def _left(self) -> float | None:
        return None if self._limit is None else self._limit - self.elapsed

    def _check(self) -> None:
        if self._interrupted:
            raise InterruptedExecutionError

    def _notify(self, _future: Future[Result]) -> None:
        with self._changed:
            self._changed.notify_all()
