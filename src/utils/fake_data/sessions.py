"""Sessions of any kind of visitor, as one stream: many are live at once, each in its own order."""

import random
from collections.abc import Callable, Iterator
from typing import Any

Event = dict[str, Any]
Clock = Callable[[], float]

LIVE_SESSIONS = 128
NEW_SESSION_SHARE = 0.2
SECONDS_OF_DAY = 86_400


def interleave(rng: random.Random, open_session: Callable[[], list[Event]]) -> Iterator[Event]:
    """Endless events of up to LIVE_SESSIONS sessions at once.

    `open_session` answers a session's events, last one first and at least one. The number of live sessions
    grows slowly, so that even a few events hold more of a session than its first page.
    """
    draw = rng.random
    live = [open_session()]
    while True:
        if len(live) < LIVE_SESSIONS and draw() < NEW_SESSION_SHARE:
            live.append(open_session())
        slot = int(draw() * len(live))
        pending = live[slot]
        yield pending.pop()
        if not pending:
            live[slot] = open_session()
