"""The text formats that an Avro field may name in its `format` property, and a strict check of each."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

UTC_SECOND = "%Y-%m-%dT%H:%M:%SZ"
SEPARATORS = slice(4, None, 3)


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


CHECKS: dict[str, Callable[[str], bool]] = {UTC_SECOND: is_utc_second}
