"""The schedule of requests and the delays between retries."""

import random

import pytest

from src.utils.fake_data import pacing
from src.utils.fake_data.tally import percentiles


def test_without_a_rate_nothing_waits() -> None:
    pacer = pacing.Pacer(None)
    assert [pacer.delay(500) for _ in range(3)] == [0, 0, 0]


def test_batches_take_places_at_the_asked_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    pacer = pacing.Pacer(1000)
    assert [pacer.delay(500) for _ in range(3)] == [0, 0.5, 1.0]


def test_lost_time_is_not_made_up_for_in_a_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    pacer = pacing.Pacer(10)
    pacer.delay(1)
    now = 200.0
    assert [pacer.delay(1), pacer.delay(1)] == pytest.approx([0, 0.1])


@pytest.mark.parametrize("attempt", range(12))
def test_a_retry_waits_at_most_twice_as_long_as_the_one_before_up_to_five_seconds(attempt: int) -> None:
    jitter = random.Random(attempt)
    delays = [pacing.backoff(attempt, jitter) for _ in range(200)]
    limit = min(5.0, 0.1 * 2**attempt)
    assert 0 <= min(delays) < limit * 0.2
    assert limit * 0.8 < max(delays) <= limit


def test_percentiles_are_values_that_occurred() -> None:
    assert percentiles([n / 1000 for n in range(1, 101)]) == {"p50": 50, "p95": 95, "p99": 99}
    assert percentiles([0.002]) == {"p50": 2, "p95": 2, "p99": 2}
    assert percentiles([]) == {"p50": None, "p95": None, "p99": None}
