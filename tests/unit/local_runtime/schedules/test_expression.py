"""Schedule expressions: the examples of EventBridge's page, and what AWS refuses.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from local_runtime.schedules import ScheduleError, parse_schedule


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def following(expression: str, start: str, count: int) -> list[str]:
    schedule, found = parse_schedule(expression), []
    now = moment(start)
    for _ in range(count):
        coming = schedule.next_after(now)
        assert coming is not None
        found.append(coming.strftime("%Y-%m-%d %H:%M"))
        now = coming
    return found


# 2026-11-01 is a Sunday.
MOMENTS = [
    ("cron(0 10 * * ? *)", "2026-11-01 10:00", ["2026-11-02 10:00", "2026-11-03 10:00"]),
    ("cron(15 12 * * ? *)", "2026-12-31 12:15:30", ["2027-01-01 12:15"]),
    ("cron(0 18 ? * MON-FRI *)", "2026-11-06 18:00", ["2026-11-09 18:00", "2026-11-10 18:00"]),
    (
        "cron(0 8 1 * ? *)",
        "2026-11-01 07:59:59",
        ["2026-11-01 08:00", "2026-12-01 08:00", "2027-01-01 08:00"],
    ),
    ("cron(0/15 * * * ? *)", "2026-11-01 23:40", ["2026-11-01 23:45", "2026-11-02 00:00"]),
    ("cron(0/10 * ? * MON-FRI *)", "2026-11-06 23:50", ["2026-11-09 00:00", "2026-11-09 00:10"]),
    (
        "cron(0/5 8-17 ? * MON-FRI *)",
        "2026-11-06 17:50",
        ["2026-11-06 17:55", "2026-11-09 08:00"],
    ),
    ("cron(0/30 2-20/9 * * ? *)", "2026-11-01 11:30", ["2026-11-01 20:00"]),
    ("cron(1/10 0 * * ? *)", "2026-11-01 00:00", ["2026-11-01 00:01", "2026-11-01 00:11"]),
    ("cron(0 0 L * ? *)", "2028-02-01 00:00", ["2028-02-29 00:00", "2028-03-31 00:00", "2028-04-30 00:00"]),
    ("cron(0 0 31 * ? *)", "2026-11-01 00:00", ["2026-12-31 00:00", "2027-01-31 00:00", "2027-03-31 00:00"]),
    ("cron(0 0 29 2 ? *)", "2026-11-01 00:00", ["2028-02-29 00:00", "2032-02-29 00:00"]),
    ("cron(0 9 15W * ? *)", "2026-11-01 00:00", ["2026-11-16 09:00", "2026-12-15 09:00"]),
    ("cron(0 9 14W 11 ? *)", "2026-11-01 00:00", ["2026-11-13 09:00"]),
    ("cron(0 9 1W * ? *)", "2026-10-31 00:00", ["2026-11-02 09:00"]),
    ("cron(0 9 1W 8 ? *)", "2026-07-01 00:00", ["2026-08-03 09:00"]),  # a Saturday, not back into July
    ("cron(0 9 31W 1 ? *)", "2027-01-01 00:00", ["2027-01-29 09:00"]),  # a Sunday, not on into February
    ("cron(0 9 31W 4 ? 2027)", "2026-01-01 00:00", []),
    ("cron(0 9 ? * 3#2 *)", "2026-11-01 00:00", ["2026-11-10 09:00", "2026-12-08 09:00"]),
    ("cron(0 9 ? * mon#5 *)", "2026-11-01 00:00", ["2026-11-30 09:00", "2027-03-29 09:00"]),
    ("cron(0 9 ? * 6L *)", "2026-11-01 00:00", ["2026-11-27 09:00", "2026-12-25 09:00"]),
    ("cron(0 9 ? * L *)", "2026-11-01 00:00", ["2026-11-07 09:00", "2026-11-14 09:00"]),
    ("cron(0 9 ? * 1,7 *)", "2026-11-01 09:00", ["2026-11-07 09:00", "2026-11-08 09:00"]),
    ("cron(30 6 1,15 jan,JUL ? 2027-2028/1)", "2027-07-02 00:00", ["2027-07-15 06:30", "2028-01-01 06:30"]),
    ("rate(1 minute)", "2026-11-01 00:00", ["2026-11-01 00:01"]),
    ("rate(5 hours)", "2026-11-01 00:00", ["2026-11-01 05:00", "2026-11-01 10:00"]),
    ("rate(7 days)", "2026-11-01 00:00", ["2026-11-08 00:00"]),
]


@pytest.mark.parametrize(("expression", "start", "expected"), MOMENTS, ids=lambda value: str(value)[:40])
def test_the_next_moments_are_those_of_aws(expression: str, start: str, expected: list[str]) -> None:
    assert following(expression, start, len(expected)) == expected


@pytest.mark.parametrize("expression", [case[0] for case in MOMENTS if case[2]])
def test_the_previous_moment_undoes_the_next(expression: str) -> None:
    schedule = parse_schedule(expression)
    first = schedule.next_after(moment("2026-11-17 13:37"))
    assert first is not None
    second = schedule.next_after(first)

    assert second is not None
    assert schedule.previous_before(second) == first


def test_a_time_in_another_zone_is_the_same_moment() -> None:
    schedule = parse_schedule("cron(0 8 1 * ? *)")

    assert schedule.next_after(datetime.fromisoformat("2026-12-01T09:59:00+02:00")) == moment(
        "2026-12-01 08:00"
    )


def test_a_schedule_that_is_over_has_no_next_moment() -> None:
    schedule = parse_schedule("cron(0 0 1 1 ? 2020)")

    assert schedule.next_after(moment("2026-11-01 00:00")) is None
    assert schedule.previous_before(moment("2026-11-01 00:00")) == moment("2020-01-01 00:00")


def test_a_day_that_no_month_has_never_comes() -> None:
    assert parse_schedule("cron(0 0 30 2 ? *)").next_after(moment("2026-11-01 00:00")) is None


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("every hour", "neither cron"),
        ("cron(0 8 1 * ?)", "six fields"),
        ("cron(0 8 1 * * *)", "one of day-of-month and day-of-week must be"),
        ("cron(0 8 ? * ? *)", "one of day-of-month and day-of-week must be"),
        ("cron(60 8 1 * ? *)", "minutes: must be 0-59"),
        ("cron(0 24 1 * ? *)", "hours: must be 0-23"),
        ("cron(0 8 0 * ? *)", "day-of-month: must be 1-31"),
        ("cron(0 8 1 13 ? *)", "month: must be 1-12"),
        ("cron(0 8 1 JANUARY ? *)", "month: 'JANUARY' is not a value"),
        ("cron(0 8 ? * 0 *)", "day-of-week: must be 1-7"),
        ("cron(0 8 ? * FRI-MON *)", "runs backwards"),
        ("cron(0 8 ? * 3#6 *)", "one number of 1-5"),
        ("cron(0 8 ? * 3#1,6#3 *)", "one number of 1-5"),
        ("cron(0 8 1 * ? 1969)", "year: must be 1970-2199"),
        ("cron(0/0 8 1 * ? *)", "number from 1 on"),
        ("cron(L 8 1 * ? *)", "minutes: 'L'"),
        ("cron(,5 8 1 * ? *)", "minutes: ''"),
        ("rate(0 minutes)", "at least 1"),
        ("rate(1 minutes)", "the unit is 'minute'"),
        ("rate(5 minute)", "the unit is 'minutes'"),
        ("rate(5 weeks)", "minute(s), hour(s) or day(s)"),
        ("rate(1.5 hours)", "whole number"),
    ],
)
def test_what_aws_refuses_is_refused_with_the_expression_and_the_reason(
    expression: str, message: str
) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_schedule(expression)

    assert message in str(caught.value)
    assert expression in str(caught.value)
