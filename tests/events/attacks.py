"""The attack corpus: what hostile clients send to the log collector, and how each attempt must end.

Three shapes: an event with hostile text in it or around it, an entry of a batch that asks for more than a
record, a whole request. https://owasp.org/www-project-api-security/ has the classes of attacks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

STREAM = "PUT-Firehose-aEhWz"
VICTIM = "victim-stream"
ACCOUNT = "123456789012"


class End(Enum):
    REFUSED = "a 4xx, and nothing is stored"
    STORED = "a stored row that equals what was sent"
    SET_ASIDE = "no event that the table can hold: whole, in the error prefix"


def event(token: str, **changes: Any) -> dict[str, Any]:
    """A good event; its session is the token by which it is found again."""
    return {
        "user_id": "u-1",
        "session_id": token,
        "event": "view",
        "referrer": None,
        "user_agent": None,
        "ip": "192.0.2.7",
        "hostname": "www.example.com",
        "os": None,
        "timestamp": "2026-11-21T10:00:00Z",
        "uri": "/",
        **changes,
    }


@dataclass(frozen=True)
class EventAttack:
    """Sent alone with PutRecord and between two good records with PutRecords."""

    name: str
    text: Callable[[str], str]
    """The event's JSON text, as it is sent; by its token."""
    key: str = "key"
    end: End = End.STORED
    alone: End | None = None
    """How it ends with PutRecord, where that differs: there the event is a part of the body's own JSON."""


@dataclass(frozen=True)
class EntryAttack:
    """One entry of a PutRecords body, as JSON text; refused alone and between two good records."""

    name: str
    entry: str


@dataclass(frozen=True)
class BodyAttack:
    """A whole body that is refused."""

    name: str
    body: bytes
    endpoint: str = "records"


@dataclass(frozen=True)
class RequestAttack:
    """A good body in a hostile request: another path, method, header or content type."""

    name: str
    end: End = End.REFUSED
    method: str = "PUT"
    stream: str = STREAM
    """The path's stream name, URL-encoded."""
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    encode: Callable[[str], bytes] = str.encode
