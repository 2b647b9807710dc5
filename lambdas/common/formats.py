"""The text formats that an Avro field may name in its `format` property, and a strict check of each."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from lambdas.common.verdict import Reason

UTC_SECOND = "%Y-%m-%dT%H:%M:%SZ"
EVENT_ID = "event-id"
SEPARATORS = slice(4, None, 3)

_EVENT_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A check, and why a record is rejected whose text does not pass it."""

    matches: Callable[[str], bool]
    reason: Reason


def is_utc_second(text: str) -> bool:
    """`2026-11-21T09:30:00Z`, a real second of the calendar, and nothing else.

    strptime also takes one-digit months, lower-case letters and non-ASCII digits; fromisoformat week dates,
    compact forms and hour 24. None of them is the documented format.
    """
    # The length comes first, so that the cache holds no text longer than this.
    return len(text) == 20 and _is_utc_second(text)


@lru_cache(maxsize=4096)  # the events of a batch share their seconds
def _is_utc_second(text: str) -> bool:
    if text[SEPARATORS] != "--T::Z" or text[11:13] == "24":
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_event_id(text: str) -> bool:
    """UUIDs, ULIDs, nanoids, hashes in hex or base64, ARNs: no blanks, no quotes, never empty."""
    return _EVENT_ID.fullmatch(text) is not None


FORMATS = {
    UTC_SECOND: TextFormat(is_utc_second, Reason.BAD_TIMESTAMP),
    EVENT_ID: TextFormat(is_event_id, Reason.BAD_EVENT_ID),
}
