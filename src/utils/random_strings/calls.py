"""Random requests to the API, a few at a time, and the count of what was answered."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

REQUEST_SECONDS = 30.0


@dataclass
class Tally:
    """`statuses` has `failed` for requests without an answer; `bytes` are those of the answers' bodies."""

    statuses: Counter[str] = field(default_factory=Counter)
    bytes: int = 0

    @property
    def sent(self) -> int:
        return self.statuses.total()

    @property
    def all_answered_well(self) -> bool:
        return self.statuses["200"] == self.sent


def random_urls(api_url: str, count: int, seed: int | None) -> Iterator[str]:
    """Requests that differ in all that can be asked for, numbers beyond the limits too."""
    chance = random.Random(seed)  # noqa: S311  (what is asked for is no secret)
    for _ in range(count):
        asked = {
            "chars": chance.choice(["", "letters", "lowercase", "uppercase", "digits"]),
            "len": chance.choice(["", str(chance.randint(0, 25))]),
            "num": chance.choice(["", str(chance.randint(0, 5))]),
        }
        query = urlencode({name: value for name, value in asked.items() if value})
        yield f"{api_url.rstrip('/')}/random/strings" + (f"?{query}" if query else "")


async def call_all(
    urls: Iterator[str], token: str | None, concurrency: int, advance: Callable[[], None]
) -> Tally:
    """Each request once: a repetition would be metered too."""
    from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

    tally = Tally()
    headers = {} if token is None else {"Authorization": token}
    connector, timeout = TCPConnector(limit=concurrency), ClientTimeout(total=REQUEST_SECONDS)
    async with ClientSession(connector=connector, timeout=timeout, headers=headers) as http:
        # aiohttp resends a GET by itself on a stale connection; the API would count what this tally does not
        http._retry_connection = False

        async def work() -> None:
            for url in urls:
                try:
                    async with http.get(url) as answer:
                        body = await answer.read()
                        tally.statuses[str(answer.status)] += 1
                        tally.bytes += len(body)
                except (ClientError, TimeoutError, OSError):
                    tally.statuses["failed"] += 1
                advance()

        await asyncio.gather(*(work() for _ in range(concurrency)))
    return tally
