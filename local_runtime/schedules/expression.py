"""`cron(...)` and `rate(...)`, as EventBridge rules and Glue crawlers write them. All times are UTC.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from local_runtime.schedules.cron import Cron, ScheduleError

_UNITS = ("minute", "hour", "day")
_FORM = re.compile(r"(cron|rate)\((.*)\)")
_RATE = re.compile(r"([0-9]+) ([a-z]+)")


class Schedule(Protocol):
    """Moments without an end; they and what is asked with are aware of their zone, UTC."""

    def next_after(self, moment: datetime) -> datetime | None:
        """The first moment later than this one; None when there is none before the year 2200."""

    def previous_before(self, moment: datetime) -> datetime | None:
        """The last moment earlier than this one; None when there is none since 1970."""


@dataclass(frozen=True)
class Rate:
    """Every so often, counted from the moment that is asked with: a rate has no moments of its own."""

    period: timedelta

    def next_after(self, moment: datetime) -> datetime:
        return moment + self.period

    def previous_before(self, moment: datetime) -> datetime:
        return moment - self.period


def parse_schedule(text: str) -> Schedule:
    """The schedule of `cron(0 8 1 * ? *)` or `rate(10 minutes)`.

    Raises:
        ScheduleError: AWS would refuse it; the message says what is wrong with which field.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise ScheduleError(
            f"{text!r} is neither cron(minutes hours day month weekday year) nor rate(n unit)"
        )
    try:
        return Cron.parse(form[2]) if form[1] == "cron" else _rate(form[2])
    except ScheduleError as error:
        raise ScheduleError(f"{text}: {error}") from None


def _rate(text: str) -> Rate:
    given = _RATE.fullmatch(text)
    unit = given[2].removesuffix("s") if given else ""
    if given is None or unit not in _UNITS:
        raise ScheduleError("a rate is a whole number and minute(s), hour(s) or day(s)")
    count = int(given[1])
    if count == 0:
        raise ScheduleError("the number of a rate must be at least 1")
    right = unit if count == 1 else f"{unit}s"
    if given[2] != right:
        raise ScheduleError(f"with {count} the unit is {right!r} (got {given[2]!r})")
    return Rate(timedelta(**{f"{unit}s": count}))
