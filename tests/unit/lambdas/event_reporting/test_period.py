"""Which periods a report can be about, and which period it compares them with."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.event_reporting.period import InvalidPeriodError, Period, month_before, parse_period

DAYS = st.dates(date(2000, 1, 1), date(2999, 12, 31))


def parse(document: Any, longest_in_days: int = 366) -> Period:
    return parse_period(document, longest_in_days=longest_in_days)


def test_first_and_last_day_are_in_the_period() -> None:
    period = parse({"startDate": "2026-10-01", "endDate": "2026-10-31"})
    assert period == Period(date(2026, 10, 1), date(2026, 10, 31))
    assert period.after == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, r"startDate must be a date, YYYY-MM-DD \(got None\)"),
        ({"startDate": "2026-10-01"}, r"endDate must be a date, YYYY-MM-DD \(got None\)"),
        ({"startDate": "20261001", "endDate": "2026-10-31"}, r"startDate .* \(got '20261001'\)"),
        ({"startDate": "2026-W40-4", "endDate": "2026-10-31"}, "startDate must be a date"),
        ({"startDate": "2026-10-01T00:00:00", "endDate": "2026-10-31"}, "startDate must be a date"),
        ({"startDate": "2026-02-29", "endDate": "2026-10-31"}, "startDate must be a date"),
        ({"startDate": 20261001, "endDate": "2026-10-31"}, r"startDate .* \(got 20261001\)"),
        ({"startDate": "1999-12-31", "endDate": "2026-10-31"}, "startDate must be from 2000-01-01 to"),
        ({"startDate": "2026-10-01", "endDate": "9999-12-31"}, "endDate must be from 2000-01-01 to"),
        (
            {"startDate": "2026-10-31", "endDate": "2026-10-01"},
            r"startDate must not be after endDate \(got 2026-10-31 and 2026-10-01\)",
        ),
        (
            {"startDate": "2026-01-01", "endDate": "2027-01-02"},
            r"the period must be 366 days at most \(got 367,",
        ),
        ("2026-10", r"the input must be a JSON object with startDate and endDate \(got '2026-10'\)"),
        (None, "the input must be a JSON object"),
        ([["startDate", "2026-10-01"]], "the input must be a JSON object"),
        ({"startDate": "'; drop table events; --" * 99, "endDate": "2026-10-31"}, r"\(got .{81}\)$"),
    ],
)
def test_bad_input_is_refused_and_shown(document: Any, words: str) -> None:
    with pytest.raises(InvalidPeriodError, match=words):
        parse(document)


def test_the_longest_period_is_allowed() -> None:
    period = {"startDate": "2026-10-01", "endDate": "2026-10-31"}
    parse(period, longest_in_days=31)
    with pytest.raises(InvalidPeriodError, match="30 days at most"):
        parse(period, longest_in_days=30)


@pytest.mark.parametrize(
    ("start", "end", "start_before", "end_before"),
    [
        (date(2026, 10, 1), date(2026, 10, 31), date(2026, 9, 1), date(2026, 9, 30)),
        (date(2027, 1, 1), date(2027, 1, 31), date(2026, 12, 1), date(2026, 12, 31)),
        (date(2024, 3, 1), date(2024, 3, 31), date(2024, 2, 1), date(2024, 2, 29)),
        (date(2026, 1, 1), date(2026, 3, 31), date(2025, 10, 1), date(2025, 12, 31)),
        (date(2026, 1, 1), date(2026, 12, 31), date(2025, 1, 1), date(2025, 12, 31)),
        (date(2026, 10, 5), date(2026, 10, 11), date(2026, 9, 28), date(2026, 10, 4)),
        (date(2026, 10, 1), date(2026, 10, 1), date(2026, 9, 30), date(2026, 9, 30)),
    ],
)
def test_months_are_compared_with_months_and_days_with_days(
    start: date, end: date, start_before: date, end_before: date
) -> None:
    assert Period(start, end).before == Period(start_before, end_before)


@given(DAYS, st.integers(0, 400))
def test_the_period_before_ends_where_the_period_starts(start: date, days: int) -> None:
    before = Period(start, start + timedelta(days=days)).before
    assert before.after == start
    assert before.start <= before.end


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        (date(2026, 11, 1), date(2026, 10, 1), date(2026, 10, 31)),
        (date(2026, 3, 31), date(2026, 2, 1), date(2026, 2, 28)),
        (date(2027, 1, 1), date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_month_before_a_day(day: date, start: date, end: date) -> None:
    assert month_before(day) == Period(start, end)
