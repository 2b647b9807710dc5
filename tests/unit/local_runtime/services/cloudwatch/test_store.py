"""Metrics that survive whatever ends the process."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from local_runtime.services.cloudwatch import journal
from local_runtime.services.cloudwatch.statistics import StatisticSet
from local_runtime.services.cloudwatch.store import MetricStore, Series

DIMENSIONS = (("FunctionName", "f"),)
SERIES = Series("AWS/Lambda", "Invocations", DIMENSIONS, "Count")
RECORDS = Series("AWS/Kinesis", "IncomingRecords", (("StreamName", "s"),), "Count")
NOW = 1_795_000_000.0
ONE = (("Invocations", "Count", 1.0, 1.0),)


def open_store(folder: Path) -> MetricStore:
    return MetricStore(folder, clock=lambda: NOW)


def total(store: MetricStore, series: Series = SERIES) -> float:
    return sum(values.sum for _, values in store.points(series, 0, NOW + 60))


def killed(folder: Path, into: Path) -> Path:
    """The folder as `kill -9` would leave it now."""
    shutil.copytree(folder, into)
    return into


def test_minutes_are_kept_apart(tmp_path: Path) -> None:
    store = open_store(tmp_path / "metrics")
    for at in (NOW, NOW + 1, NOW - 60):
        store.record("AWS/Lambda", DIMENSIONS, ONE, at)
    store.fold()

    points = store.points(SERIES, 0, NOW + 60)
    assert [(minute, values.count, values.sum) for minute, values in points] == [
        (1_794_999_900, 1, 1),
        (1_794_999_960, 2, 2),
    ]
    store.close()


@pytest.mark.parametrize("folds_after", [0, 1, 7, 10])
def test_nothing_measured_is_lost_or_counted_twice_when_the_process_is_killed(
    tmp_path: Path, folds_after: int
) -> None:
    store = open_store(tmp_path / "metrics")
    for number in range(10):
        if number == folds_after:
            store.fold()
        store.record("AWS/Lambda", DIMENSIONS, ONE)
    if folds_after == 10:
        store.fold()

    again = open_store(killed(tmp_path / "metrics", tmp_path / "copy"))
    assert total(again) == 10
    again.record("AWS/Lambda", DIMENSIONS, ONE)
    again.close()
    third = open_store(tmp_path / "copy")
    assert total(third) == 11
    third.close()
    store.close()


def test_a_long_journal_gives_way_to_a_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_ROTATE_BYTES", 200)
    store = open_store(tmp_path / "metrics")
    for number in range(40):
        store.record("AWS/Lambda", DIMENSIONS, ONE)
        if number % 10 == 9:
            store.fold()
    store.record("AWS/Lambda", DIMENSIONS, ONE)

    assert len(list((tmp_path / "metrics").glob("*.journal"))) == 1
    again = open_store(killed(tmp_path / "metrics", tmp_path / "copy"))
    assert total(again) == 41
    again.close()
    store.close()


def test_a_journal_line_that_a_full_disk_cut_off_is_left_out(tmp_path: Path) -> None:
    store = open_store(tmp_path / "metrics")
    store.record("AWS/Lambda", DIMENSIONS, ONE)
    copy = killed(tmp_path / "metrics", tmp_path / "copy")
    with next(copy.glob("*.journal")).open("ab") as file:
        file.write(b'[1795000000.0,"AWS/Lam')

    again = open_store(copy)
    assert total(again) == 1
    again.record("AWS/Lambda", DIMENSIONS, ONE)
    third = open_store(killed(copy, tmp_path / "third"))
    assert total(third) == 2
    for opened in (store, again, third):
        opened.close()


def test_totals_count_what_they_grew_by_also_between_runs(tmp_path: Path) -> None:
    put = 100.0
    store = open_store(tmp_path / "metrics")
    store.add_totals(lambda: [(RECORDS, put)])
    store.fold()
    put = 150
    store.fold()
    store.fold()
    assert total(store, RECORDS) == 150
    copy = killed(tmp_path / "metrics", tmp_path / "copy")
    store.close()

    again = open_store(copy)
    put = 175  # accepted, and then the process was killed before it was sampled
    again.add_totals(lambda: [(RECORDS, put)])
    again.fold()
    assert total(again, RECORDS) == 175
    again.close()


def test_percentiles_are_within_one_per_cent_and_the_rest_is_exact() -> None:
    values = StatisticSet()
    for number in range(1, 1001):
        values.add(float(number))

    assert (values.count, values.sum, values.minimum, values.maximum) == (1000, 500_500, 1, 1000)
    for share in (1, 50, 90, 99, 99.9):
        assert values.value(f"p{share}") == pytest.approx(share * 10, rel=0.011, abs=1)


def test_zero_and_negative_values_have_their_place() -> None:
    values = StatisticSet()
    for number in (-10.0, 0.0, 0.0, 0.001, 10.0):
        values.add(number)

    found: list[float] = [values.value("p20"), values.value("p50"), values.value("p100")]
    assert found == pytest.approx([-10, 0, 10], rel=0.01)
    assert found[1] == 0
