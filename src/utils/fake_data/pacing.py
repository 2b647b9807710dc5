"""When the next request may go: an even schedule at the asked rate, and delays before a retry."""

import asyncio
import random
import time

BASE_DELAY = 0.1
MAX_DELAY = 5.0


class Pacer:
    """Gives each batch of any worker its place on one schedule; no burst makes up for a late one."""

    def __init__(self, records_per_second: float | None) -> None:
        self._rate = records_per_second
        self._next = time.monotonic()

    def delay(self, records: int) -> float:
        """Seconds to wait before sending that many records; takes the place on the schedule."""
        if self._rate is None:
            return 0.0
        now = time.monotonic()
        place = max(self._next, now)
        self._next = place + records / self._rate
        return place - now


def backoff(attempt: int, jitter: random.Random) -> float:
    """Exponential with full jitter.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return jitter.uniform(0, min(MAX_DELAY, BASE_DELAY * 2**attempt))


async def pause(seconds: float, until: asyncio.Event) -> None:
    """Sleeps that long, or until the event is set."""
    if seconds <= 0:
        return
    try:
        async with asyncio.timeout(seconds):
            await until.wait()
    except TimeoutError:
        return
