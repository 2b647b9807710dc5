"""The kinds of event that the tool can make. A new one is a generator of events and one entry here."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .app_events import app_events
from .invalid import ANY_FLAWS, WEB_LOG_FLAWS, Flaw
from .sessions import Clock, Event
from .visitors import web_log_events


@dataclass(frozen=True, slots=True)
class Template:
    """How to make one kind of event, which field is its partition key, and how it can be spoilt."""

    events: Callable[[random.Random, Clock], Iterator[Event]]
    partition_key: str
    flaws: tuple[Flaw, ...]


TEMPLATES: dict[str, Template] = {
    "web_log": Template(web_log_events, partition_key="user_id", flaws=WEB_LOG_FLAWS),
    "app_event": Template(lambda rng, _clock: app_events(rng), partition_key="customerId", flaws=ANY_FLAWS),
}
