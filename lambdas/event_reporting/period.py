"""The days that a report is about, and those that it compares them with."""

from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)
EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)
_SHOWN = 80


class InvalidPeriodError(ValueError):
    """The input names no period that can be reported: trying again would not help."""


@dataclass(frozen=True)
class Period:
    """From the first to the last day, both in it, in UTC."""

    start: date
    end: date

    @property
    def after(self) -> date:
        """The first day that is no longer in it."""
        return self.end + DAY

    @property
    def before(self) -> "Period":
        """As many whole calendar months if these are whole calendar months, else as many days."""
        if self.start.day == 1 and self.after.day == 1:
            months = 12 * (self.after.year - self.start.year) + self.after.month - self.start.month
            year, month = divmod(12 * self.start.year + self.start.month - 1 - months, 12)
            return Period(date(year, month + 1, 1), self.start - DAY)
        return Period(self.start - (self.after - self.start), self.start - DAY)


def month_before(day: date) -> Period:
    """The calendar month before the one that the day is in."""
    end = day.replace(day=1) - DAY
    return Period(end.replace(day=1), end)


def parse_period(document: object, *, longest_in_days: int) -> Period:
    """Reads `{"startDate": "YYYY-MM-DD", "endDate": "YYYY-MM-DD"}`.

    Raises:
        InvalidPeriodError: it is something else, ends before it starts, or is too long.
    """
    if not isinstance(document, dict):
        raise InvalidPeriodError(
            f"the input must be a JSON object with startDate and endDate (got {_shown(document)})"
        )
    start, end = _day(document, "startDate"), _day(document, "endDate")
    if start > end:
        raise InvalidPeriodError(f"startDate must not be after endDate (got {start} and {end})")
    days = (end - start + DAY).days
    if days > longest_in_days:
        raise InvalidPeriodError(
            f"the period must be {longest_in_days} days at most (got {days}, from {start} to {end})"
        )
    return Period(start, end)


def _day(document: dict[str, object], name: str) -> date:
    text = document.get(name)
    try:
        day = date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        day = None
    # fromisoformat reads 20261001 and 2026-W40-4 as well.
    if day is None or day.isoformat() != text:
        raise InvalidPeriodError(f"{name} must be a date, YYYY-MM-DD (got {_shown(text)})")
    if not EARLIEST <= day <= LATEST:
        raise InvalidPeriodError(f"{name} must be from {EARLIEST} to {LATEST} (got {day})")
    return day


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
