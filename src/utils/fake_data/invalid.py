"""Deliberately bad records: the transform answers each kind with ProcessingFailed, for one reason.

A reason is the transform's own word for the rejection, so that a run can be compared with its counts.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from .sessions import Event

WEB_LOG_REQUIRED = ("user_id", "session_id", "event", "ip", "hostname", "timestamp", "uri")


@dataclass(frozen=True, slots=True)
class Flaw:
    """One way to spoil an event; `is_json` says whether a PutRecord body, which carries JSON, can hold it."""

    reason: str
    spoil: Callable[[Event, random.Random], bytes]
    is_json: bool = True


def _drop_field(event: Event, rng: random.Random) -> bytes:
    dropped = rng.choice(WEB_LOG_REQUIRED)
    return orjson.dumps({name: value for name, value in event.items() if name != dropped})


def _rename_field(event: Event, rng: random.Random) -> bytes:
    renamed = rng.choice(("user_id", "session_id"))
    camel = {"user_id": "userId", "session_id": "sessionId"}[renamed]
    return orjson.dumps({camel if name == renamed else name: value for name, value in event.items()})


def _null_field(event: Event, rng: random.Random) -> bytes:
    return orjson.dumps(event | {rng.choice(WEB_LOG_REQUIRED): None})


def _number_for_ip(event: Event, rng: random.Random) -> bytes:
    return orjson.dumps(event | {"ip": rng.getrandbits(28)})


def _local_timestamp(event: Event, rng: random.Random) -> bytes:
    text: str = event["timestamp"]
    return orjson.dumps(event | {"timestamp": text.replace("T", " ").removesuffix("Z")})


def _list_around(event: Event, rng: random.Random) -> bytes:
    return orjson.dumps([event])


def _cut_short(event: Event, rng: random.Random) -> bytes:
    return orjson.dumps(event)[: -rng.randint(1, 40)]


ANY_FLAWS = (
    Flaw("not_an_object", _list_around),
    Flaw("not_json", _cut_short, is_json=False),
)
WEB_LOG_FLAWS = (
    Flaw("missing_field", _drop_field),
    Flaw("missing_field", _rename_field),
    Flaw("null_field", _null_field),
    Flaw("wrong_type", _number_for_ip),
    Flaw("bad_timestamp", _local_timestamp),
    *ANY_FLAWS,
)
