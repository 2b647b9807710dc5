"""Direct PUT: acknowledged is kept, limits are Firehose's, what is delivered goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_runtime.errors import AwsError, LocalRuntimeError
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
    direct.forget(latest)
    assert everything(direct) == []
    direct.put([b"3"])
    assert everything(direct, latest[SHARD_ID]) == [b"3"]
    assert direct.waiting(latest) == (1, 1, 1_700_000_000.0)
    assert direct.totals() == (3, 3)


def test_records_that_wait_for_a_day_are_expired_and_stay_until_they_are_forgotten(
    direct: DirectPut, clock: Clock
) -> None:
    direct.put([b"1", b"2"])
    clock.now += 24 * 3600 + 1
    direct.put([b"3"])
    expired, upto = direct.expired({})
    assert (expired, everything(direct)) == (2, [b"1", b"2", b"3"])
    direct.forget(upto)
    assert everything(direct) == [b"3"]
    assert direct.expired(upto) == (0, upto)


def test_young_record_protects_the_older_ones_behind_it(direct: DirectPut, clock: Clock) -> None:
    direct.put([b"1"])
    clock.now += 3600
    direct.put([b"2"])
    clock.now -= 7200  # the clock is set back: sequence numbers grow, arrivals do not
    direct.put([b"3"])
    clock.now += 3600 + 24 * 3600 + 1
    expired, upto = direct.expired({})
    assert (expired, everything(direct, upto[SHARD_ID])) == (1, [b"2", b"3"])


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


def test_position_from_before_a_power_loss_covers_no_later_put(tmp_path: Path, clock: Clock) -> None:
    lost = DirectPutStore(tmp_path / "lost.db")
    before = DirectPut(lost, "clicks", clock)
    before.put([b"1", b"2", b"3"])
    delivered = before.latest()  # the ledger forces its positions to disk, the store does not
    lost.close()

    store = DirectPutStore(tmp_path / "older.db")
    clock.now += 1
    after = DirectPut(store, "clicks", clock)
    after.put([b"4"])
    assert after.waiting(delivered)[0] == 1
    assert everything(after, delivered[SHARD_ID]) == [b"4"]
    store.close()


def test_sequence_numbers_grow_when_the_clock_is_set_back(direct: DirectPut, clock: Clock) -> None:
    direct.put([b"1"])
    clock.now -= 3600
    direct.put([b"2"])
    assert everything(direct) == [b"1", b"2"]


def test_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "direct-put.db").write_bytes(b"no database" * 1000)
    with pytest.raises(LocalRuntimeError, match=r"direct-put\.db: the Direct PUT store cannot be opened: "):
        DirectPutStore(tmp_path / "direct-put.db")
