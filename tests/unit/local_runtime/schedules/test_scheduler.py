"""The scheduler: due jobs are called once, missed moments are not made up for."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from local_runtime.schedules import Scheduler, parse_schedule

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def test_a_job_is_called_with_its_moment_and_only_once() -> None:
    clock, called = Clock(), list[datetime]()
    scheduler = Scheduler(clock)
    assert scheduler.add("hourly", parse_schedule("cron(5 * * * ? *)"), called.append) == START.replace(
        minute=5
    )

    assert scheduler.run_due() == 300
    assert called == []
    clock.forward(minutes=5, seconds=2)
    assert scheduler.run_due() == 3598
    assert scheduler.run_due() == 3598

    assert called == [START.replace(minute=5)]


def test_hours_asleep_are_one_call_and_not_a_storm() -> None:
    clock, called = Clock(), list[datetime]()
    scheduler = Scheduler(clock)
    scheduler.add("often", parse_schedule("rate(1 minute)"), called.append)
    clock.forward(hours=5)

    assert scheduler.run_due() == 60

    assert called == [START + timedelta(minutes=1)]


def test_a_job_that_fails_stops_neither_the_others_nor_itself() -> None:
    clock, called = Clock(), list[datetime]()
    scheduler = Scheduler(clock)

    def fail(_moment: datetime) -> None:
        raise RuntimeError("no")

    scheduler.add("bad", parse_schedule("rate(1 minute)"), fail)
    scheduler.add("good", parse_schedule("rate(1 minute)"), called.append)
    for _ in range(2):
        clock.forward(minutes=1)
        assert scheduler.run_due() == 60

    assert len(called) == 2


def test_a_schedule_that_is_over_is_waited_for_no_more() -> None:
    scheduler = Scheduler(Clock())

    assert scheduler.add("past", parse_schedule("cron(0 0 1 1 ? 2020)"), lambda _moment: None) is None

    assert scheduler.run_due() is None


def test_the_thread_calls_what_is_due_and_ends() -> None:
    clock, fired = Clock(), threading.Event()
    scheduler = Scheduler(clock)
    scheduler.start()
    scheduler.add("often", parse_schedule("rate(1 minute)"), lambda _moment: fired.set())
    clock.forward(minutes=2)
    scheduler.wake()

    assert fired.wait(10)
    scheduler.stop()
    scheduler.stop()
