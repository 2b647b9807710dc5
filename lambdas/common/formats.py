"""The text formats that an Avro field may name in its `format` property, and a strict check of each."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

UTC_SECOND = "%Y-%m-%dT%H:%M:%SZ"
UTC_SECOND_LENGTH = len("2026-11-21T09:30:00Z")


def is_utc_second(text: str) -> bool:
    # The length comes first, so that the cache never holds more than a second's text.
    return len(text) == UTC_SECOND_LENGTH and _round_trips(text)


@lru_cache(maxsize=4096)
def _round_trips(text: str) -> bool:
    # strptime also takes one-digit months, lower-case letters and non-ASCII digits, which Firehose does not.
    try:
        return datetime.fromisoformat(text).isoformat() == f"{text.removesuffix('Z')}+00:00"
    except ValueError:
        return False


CHECKS: dict[str, Callable[[str], bool]] = {UTC_SECOND: is_utc_second}
