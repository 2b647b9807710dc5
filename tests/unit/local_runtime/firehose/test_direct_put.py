"""Direct PUT: acknowledged is kept, limits are Firehose's, what is delivered goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_runtime.errors import AwsError
from local_runtime.firehose.direct_put import SHARD_ID, DirectPut, DirectPutStore


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def direct(tmp_path: Path, clock: Clock) -> Iterator[DirectPut]:
    store = DirectPutStore(tmp_path / "direct-put.db")
    yield DirectPut(store, "clicks", clock)
    store.close()


def everything(direct: DirectPut, after: str | None = None) -> list[bytes]:
    return [record.data for record in direct.read(SHARD_ID, after, 10_000, 10**9)]


def test_records_are_read_in_the_order_of_their_puts(direct: DirectPut) -> None:
    ids = [*direct.put([b"1", b"2"]), *direct.put([b"3"])]
    assert len(set(ids)) == 3
    assert everything(direct) == [b"1", b"2", b"3"]
    assert [record.record_id for record in direct.read(SHARD_ID, None, 10, 10**6)] == ids


def test_acknowledged_put_is_there_after_a_restart(tmp_path: Path) -> None:
    direct = DirectPut(DirectPutStore(tmp_path / "direct-put.db"), "clicks")
    direct.put([b"1"])
    again = DirectPut(DirectPutStore(tmp_path / "direct-put.db"), "clicks")  # the first was never closed
    again.put([b"2"])
    assert everything(again) == [b"1", b"2"]
    direct._store.close()
    again._store.close()


def test_delivered_records_go_and_sequence_numbers_go_on(direct: DirectPut) -> None:
    direct.put([b"1", b"2"])
    latest = direct.latest()
    assert direct.expire(latest) == 0
    assert everything(direct) == []
    direct.put([b"3"])
    assert everything(direct, latest[SHARD_ID]) == [b"3"]
    assert direct.waiting(latest) == (1, 1, 1_700_000_000.0)
    assert direct.totals() == (3, 3)


def test_records_that_wait_for_a_day_are_lost_and_counted(direct: DirectPut, clock: Clock) -> None:
    direct.put([b"1", b"2"])
    clock.now += 24 * 3600 + 1
    direct.put([b"3"])
    assert direct.expire({}) == 2
    assert everything(direct) == [b"3"]


def test_reading_stops_at_its_limits_but_gives_at_least_one(direct: DirectPut) -> None:
    direct.put([b"x" * 100] * 5)
    assert len(direct.read(SHARD_ID, None, 10, 250)) == 2
    assert len(direct.read(SHARD_ID, None, 10, 1)) == 1
    assert len(direct.read(SHARD_ID, None, 3, 10**6)) == 3


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "a call puts 1 to 500 records"),
        ([b""] * 501, r"a call puts 1 to 500 records \(got 501\)"),
        ([b"x" * (1000 * 1024 + 1)], r"a record has at most 1024000 bytes \(got 1024001\)"),
        ([b"x" * 1000 * 1024] * 5, "a call puts at most 4194304 bytes"),
    ],
)
def test_limits_are_firehoses(direct: DirectPut, records: list[bytes], message: str) -> None:
    with pytest.raises(AwsError, match=message):
        direct.put(records)
    assert everything(direct) == []


def test_delivery_streams_do_not_see_one_another(direct: DirectPut) -> None:
    other = DirectPut(direct._store, "others")
    direct.put([b"1"])
    assert everything(other) == []
    assert other.latest() == {}
