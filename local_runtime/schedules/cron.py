"""AWS's dialect of cron: six fields, `?`, `L`, `W` and `#`; weekdays run from 1 (Sunday) to 7.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html#eb-cron-expressions
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from local_runtime.errors import LocalRuntimeError


class ScheduleError(LocalRuntimeError):
    """A schedule expression that AWS would refuse."""


DaysOfMonth = Callable[[int, int], set[int]]
"""The days of a year's month that a field names."""


@dataclass(frozen=True)
class Field:
    label: str
    least: int
    most: int
    names: tuple[str, ...] = ()

    def values(self, text: str) -> set[int]:
        """The numbers that `*`, `3`, `1-5`, `0/15`, `MON-FRI` or a list of such name."""
        return {value for part in text.split(",") for value in self._part(part)}

    def number(self, text: str) -> int:
        if text.upper() in self.names:
            return self.names.index(text.upper()) + self.least
        if not re.fullmatch("[0-9]+", text):
            raise ScheduleError(f"{self.label}: {text!r} is not a value of this field")
        if not self.least <= int(text) <= self.most:
            raise ScheduleError(f"{self.label}: must be {self.least}-{self.most} (got {text})")
        return int(text)

    def _part(self, part: str) -> Iterable[int]:
        span, slash, step = part.partition("/")
        if slash and not re.fullmatch("[1-9][0-9]*", step):
            raise ScheduleError(f"{self.label}: what follows a '/' is a number from 1 on (got {step!r})")
        first, dash, last = span.partition("-")
        if span == "*":
            low, high = self.least, self.most
        elif dash:
            low, high = self.number(first), self.number(last)
        else:
            low = self.number(span)
            high = self.most if slash else low
        if low > high:
            raise ScheduleError(f"{self.label}: the range {span} runs backwards")
        return range(low, high + 1, int(step) if slash else 1)


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

MINUTES = Field("minutes", 0, 59)
HOURS = Field("hours", 0, 23)
DAY = Field("day-of-month", 1, 31)
MONTH = Field("month", 1, 12, _MONTHS)
WEEKDAY = Field("day-of-week", 1, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
YEAR = Field("year", 1970, 2199)


@dataclass(frozen=True)
class Cron:
    """The fields' values in order, and the days that one of the two day fields names."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    years: tuple[int, ...]
    days: DaysOfMonth

    @classmethod
    def parse(cls, text: str) -> Cron:
        fields = text.split()
        if len(fields) != 6:
            raise ScheduleError(
                f"needs six fields: minutes hours day-of-month month day-of-week year (got {len(fields)})"
            )
        minutes, hours, day, month, weekday, year = fields
        if (day == "?") == (weekday == "?"):
            raise ScheduleError("one of day-of-month and day-of-week must be '?', and only one")
        return cls(
            minutes=tuple(sorted(MINUTES.values(minutes))),
            hours=tuple(sorted(HOURS.values(hours))),
            months=tuple(sorted(MONTH.values(month))),
            years=tuple(sorted(YEAR.values(year))),
            days=_weekdays(weekday) if day == "?" else _days(day),
        )

    def next_after(self, moment: datetime) -> datetime | None:
        start = _utc(moment).replace(second=0, microsecond=0) + timedelta(minutes=1)
        return next((found for found in self._moments(start, 1) if found >= start), None)

    def previous_before(self, moment: datetime) -> datetime | None:
        end = _utc(moment)
        return next((found for found in self._moments(end, -1) if found < end), None)

    def _moments(self, start: datetime, step: int) -> Iterator[datetime]:
        """All moments from the day of `start` on (step 1), or from it back (step -1)."""
        for day in self._dates(start.date(), step):
            for hour in self.hours[::step]:
                for minute in self.minutes[::step]:
                    yield datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)

    def _dates(self, start: date, step: int) -> Iterator[date]:
        for year in self.years[::step]:
            if (year - start.year) * step < 0:
                continue
            for month in self.months[::step]:
                days = (date(year, month, day) for day in sorted(self.days(year, month))[::step])
                yield from (day for day in days if (day - start).days * step >= 0)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _days(text: str) -> DaysOfMonth:
    """`L` is the last day, `15W` the weekday nearest to the 15th, inside its month."""
    if text.upper() == "L":
        return lambda year, month: {_length(year, month)}
    if text.upper().endswith("W"):
        wanted = DAY.number(text[:-1])
        return lambda year, month: _nearest_weekday(year, month, wanted)
    values = DAY.values(text)
    return lambda year, month: {day for day in values if day <= _length(year, month)}


def _nearest_weekday(year: int, month: int, day: int) -> set[int]:
    length = _length(year, month)
    if day > length:
        return set()
    weekday = calendar.weekday(year, month, day)
    if weekday == calendar.SATURDAY:
        return {day - 1 if day > 1 else 3}
    if weekday == calendar.SUNDAY:
        return {day + 1 if day < length else day - 2}
    return {day}


def _weekdays(text: str) -> DaysOfMonth:
    """`L` is Saturday, `5L` the month's last Thursday, `3#2` its second Tuesday."""
    if text.upper() == "L":
        return _on({7}, lambda day, length: True)
    if text.upper().endswith("L"):
        return _on({WEEKDAY.number(text[:-1])}, lambda day, length: day > length - 7)
    if "#" in text:
        weekday, _, nth = text.partition("#")
        if nth not in ("1", "2", "3", "4", "5"):
            raise ScheduleError(f"day-of-week: what follows a '#' is one number of 1-5 (got {nth!r})")
        return _on({WEEKDAY.number(weekday)}, lambda day, length: (day - 1) // 7 == int(nth) - 1)
    return _on(WEEKDAY.values(text), lambda day, length: True)


def _on(weekdays: set[int], wanted: Callable[[int, int], bool]) -> DaysOfMonth:
    def days(year: int, month: int) -> set[int]:
        length = _length(year, month)
        first = (calendar.weekday(year, month, 1) + 1) % 7 + 1  # AWS's number of the 1st's weekday
        return {
            day
            for day in range(1, length + 1)
            if (first - 1 + day - 1) % 7 + 1 in weekdays and wanted(day, length)
        }

    return days
