"""Which minutes an account is about: whole ones, because CloudWatch counts by the minute."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from src.utils.aws.errors import BadInputError

MINUTE = timedelta(minutes=1)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LAST = re.compile(r"(\d{1,6})([smhd])")
_KEPT = ((timedelta(days=15), 60), (timedelta(days=63), 300), (timedelta(days=455), 3600))
"""How long CloudWatch keeps metrics by the minute, by five minutes and by the hour."""


@dataclass(frozen=True)
class TimeRange:
    """From a moment on, and before another; both UTC."""

    start: datetime
    end: datetime
    period: int = 60
    """Seconds; both ends are multiples of it."""

    @property
    def start_ms(self) -> int:
        return int(self.start.timestamp() * 1000)

    @property
    def end_ms(self) -> int:
        return int(self.end.timestamp() * 1000)


def parse_range(start: str | None, end: str | None, last: str | None, now: datetime) -> TimeRange:
    """`--from` and `--to`, or `--last`; widened to the periods that CloudWatch still has.

    Raises:
        BadInputError: the options do not make a range of the past 455 days.
    """
    if last is not None:
        if start is not None or end is not None:
            raise BadInputError("--last cannot go with --from or --to: pass either it or them")
        first, until = now - _duration(last), now
    else:
        if start is None:
            raise BadInputError("pass --last, for example --last 1h, or --from and perhaps --to")
        first = _moment("--from", start)
        until = now if end is None else _moment("--to", end)
    if first >= until:
        raise BadInputError(f"--from must be before --to (got {_text(first)} and {_text(until)})")
    period = _period(first, now)
    return TimeRange(_floor(first, period), _ceil(until, period), period)


def _duration(text: str) -> timedelta:
    match = _LAST.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise BadInputError(f"--last must be a number and s, m, h or d, for example 90m (got {text!r})")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def _moment(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{option} must be ISO 8601, for example 2026-11-21T09:30:00Z (got {text!r})"
        raise BadInputError(message) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _period(first: datetime, now: datetime) -> int:
    for age, period in _KEPT:
        if now - first <= age:
            return period
    raise BadInputError(
        f"--from must be within the past 455 days: older metrics are gone (got {_text(first)})"
    )


def _floor(moment: datetime, period: int) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // period * period, UTC)


def _ceil(moment: datetime, period: int) -> datetime:
    return datetime.fromtimestamp(-(-moment.timestamp() // period) * period, UTC)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
