"""One thread that calls what is due. What came due while the run was down is not made up for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from local_runtime.schedules.expression import Schedule

log = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 30.0
"""The machine's clock may be set, or the machine sleep, while the thread waits."""

Callback = Callable[[datetime], None]
"""Takes the moment that the schedule named, UTC. Must not block: it hands long work on."""


@dataclass
class _Job:
    name: str
    schedule: Schedule
    callback: Callback
    due: datetime | None


class Scheduler:
    """Calls each job at its moments while it runs. Several missed moments of a job become one call."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._jobs: list[_Job] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def add(self, name: str, schedule: Schedule, callback: Callback) -> datetime | None:
        """Call `callback` from now on; any thread may add. Returns the first moment."""
        with self._changed:
            due = schedule.next_after(self._clock())
            self._jobs.append(_Job(name, schedule, callback, due))
            self._changed.notify()
        return due

    def run_due(self) -> float | None:
        """Call everything that is due; the seconds until the next moment, None when none comes."""
        with self._changed:
            now = self._clock()
            due = [(job, job.due) for job in self._jobs if job.due is not None and job.due <= now]
            for job, _ in due:
                job.due = job.schedule.next_after(now)
        for job, moment in sorted(due, key=lambda item: item[1]):
            try:
                job.callback(moment)
            except Exception:
                log.exception("%s: what is due at %s failed", job.name, moment)
        coming = [job.due for job in self._jobs if job.due is not None]
        return max(0.0, (min(coming) - self._clock()).total_seconds()) if coming else None

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Look at the clock now."""
        with self._changed:
            self._changed.notify()

    def stop(self) -> None:
        """Call nothing more; waits for the call under way."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            seconds = self.run_due()
            with self._changed:
                if not self._stopping:
                    self._changed.wait(
                        LONGEST_WAIT_SECONDS if seconds is None else min(seconds, LONGEST_WAIT_SECONDS)
                    )
