"""Sequence numbers: 56 digits that grow with every record of a stream, as Kinesis hands them out.

A number is `4959`, the record's tick and its shard's number. A tick is the arrival time in microseconds,
pushed ahead where two records would share one. Numbers therefore compare as text, and they keep growing even
when the newest records were lost with the machine's power: no saved position covers a record put later.
"""

from __future__ import annotations

_PREFIX = "4959"
_TICK_DIGITS = 20
_SHARD_DIGITS = 32
_TICK_END = len(_PREFIX) + _TICK_DIGITS
_LENGTH = _TICK_END + _SHARD_DIGITS
TICKS_PER_SECOND = 1_000_000


def sequence_number(tick: int, shard_number: int) -> str:
    return f"{_PREFIX}{tick:020d}{shard_number:032d}"


def parse_sequence_number(number: str) -> tuple[int, int]:
    """The tick and the shard number of a sequence number.

    Raises:
        ValueError: the text is no sequence number of this store.
    """
    if (
        len(number) != _LENGTH
        or not number.startswith(_PREFIX)
        or not (number.isascii() and number.isdigit())
    ):
        raise ValueError(f"{number!r} is not a sequence number of this stream")
    return int(number[len(_PREFIX) : _TICK_END]), int(number[_TICK_END:])


def tick_at(timestamp: float) -> int:
    return int(timestamp * TICKS_PER_SECOND)


def time_of(tick: int) -> float:
    """A tick's time, to the millisecond that Kinesis gives."""
    return round(tick / TICKS_PER_SECOND, 3)
