"""Counts failed records by the moment at which they reached the stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from src.utils.aws.error_objects import ErrorObject

from .account import Failures
from .time_range import TimeRange

REJECTED_CODE = "Lambda.ProcessingFailedStatus"
"""The transform answered ProcessingFailed for the record; every other code is a failure of the delivery."""


class Envelope(msgspec.Struct, rename="camel", gc=False):
    """What of an envelope an account needs; times are milliseconds."""

    arrival_timestamp: int
    error_code: str


def count_failures(objects: Iterable[tuple[ErrorObject, Sequence[bytes]]], within: TimeRange) -> Failures:
    decode = msgspec.json.Decoder(Envelope).decode
    codes: Counter[str] = Counter()
    handled: Counter[str | None] = Counter()
    unreadable = 0
    start, end = within.start_ms, within.end_ms
    for item, lines in objects:
        for line in lines:
            try:
                envelope = decode(line)
            except msgspec.DecodeError:
                unreadable += 1
                continue
            if start <= envelope.arrival_timestamp < end:
                codes[envelope.error_code] += 1
                handled[item.handled] += 1
    return Failures(
        rejected=codes.pop(REJECTED_CODE, 0),
        undeliverable=dict(sorted(codes.items())),
        replayed=handled["replayed"],
        unrecoverable=handled["unrecoverable"],
        unreadable_lines=unreadable,
    )
