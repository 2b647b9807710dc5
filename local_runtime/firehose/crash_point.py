"""Named moments between two durable writes, where the tests kill the run (tests/integration/crash)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

CrashPoint = Callable[[str], None]
CRASH_POINTS = ("after-begin", "after-error-objects", "after-commit", "after-finish")
VARIABLE = "LOCAL_RUN_CRASH_AT"


def crash_point() -> CrashPoint:
    """Kills this process, as `kill -9` does, at the point that the environment names; else does nothing."""
    chosen = os.environ.get(VARIABLE)

    def reached(point: str) -> None:
        if point == chosen:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached
