"""What producers send: events that carry a serial number wherever they end, and poison."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

TOKEN = re.compile(rb"s(\d{6})e")
KINDS = ("visit", "view", "purchase")
DAYS = ("2026-11-19T08:00:00Z", "2026-11-20T23:59:59Z")
POISONS = ("cut off", "field missing", "wrong type", "bad timestamp", "no object")


@dataclass(frozen=True)
class Event:
    """One put: the `serial` is its own, the `key` is what it is about and is its partition key."""

    serial: int
    key: str
    poison: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """Events of one key are alike in the partition columns: an update stays in its partition."""
        number = int(self.key.removeprefix("k"))
        return {
            "user_id": f"u-{self.key}",
            "session_id": f"session {self.serial}",
            "event": KINDS[number % len(KINDS)],
            "referrer": None if self.serial % 3 else "https://example.com/",
            "user_agent": "Mozilla/5.0",
            "ip": "192.0.2.7",
            "hostname": "shop.example.com",
            "os": "linux",
            "timestamp": DAYS[number % len(DAYS)],
            "uri": f"/{token(self.serial)}",
            "event_id": self.key,
        }

    @property
    def value(self) -> Any:
        """The record as a JSON value; text where it is not meant to be JSON."""
        document = self.document
        match self.poison:
            case "cut off":
                return json.dumps(document)[:-1]
            case "field missing":
                del document["user_id"]
            case "wrong type":
                document["ip"] = 212234672
            case "bad timestamp":
                document["timestamp"] = "2022-09-16 07:35:46"
            case "no object":
                return [document]
        return document

    @property
    def text(self) -> str:
        """The record as a line, as producers give it to PutRecords."""
        value = self.value
        return (value if isinstance(value, str) else json.dumps(value)) + "\n"


def token(serial: int) -> str:
    return f"s{serial:06d}e"


def serial_of(data: bytes) -> int:
    """The serial number in a record, whatever else is wrong with it."""
    found = TOKEN.search(data)
    assert found is not None, f"a record that nobody sent: {data!r}"
    return int(found[1])
