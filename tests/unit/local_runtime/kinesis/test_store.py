"""The stream store: what it keeps, in which order, and what survives."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from hashlib import md5
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import pytest

from local_runtime.assembly.model import Resource
from local_runtime.errors import LocalRuntimeError, UnsupportedResourceError
from local_runtime.kinesis.model import HASH_KEYS, StreamDefinition
from local_runtime.kinesis.sequence import parse_sequence_number, sequence_number
from local_runtime.kinesis.store import StreamStore

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/web"
STREAM = StreamDefinition("web", ARN)


class Clock(Protocol):
    now: float


def everything(store: StreamStore, stream: str = "web") -> list[str]:
    return [
        record.data.decode()
        for shard in store.shards(stream)
        for record in store.read(stream, shard.shard_id, None)
    ]


def test_shard_ranges_cover_all_hash_keys_without_a_gap(store: StreamStore) -> None:
    shards = store.shards("web")

    assert shards[0].starting_hash_key == 0
    assert shards[-1].ending_hash_key == HASH_KEYS - 1
    for left, right in pairwise(shards):
        assert right.starting_hash_key == left.ending_hash_key + 1


@pytest.mark.parametrize("key", ["a", "user-42", "größe", "日本", "x" * 256])
def test_record_goes_to_the_shard_that_holds_the_md5_of_its_key(store: StreamStore, key: str) -> None:
    number = store.put("web", key, b"data")

    hash_key = int(md5(key.encode()).hexdigest(), 16)
    shard = store.shards("web")[parse_sequence_number(number)[1]]
    assert shard.starting_hash_key <= hash_key <= shard.ending_hash_key
    assert store.read("web", shard.shard_id, None)[0][:3] == (number, key, b"data")


def test_sequence_numbers_are_56_digits_and_grow_within_one_microsecond_too(store: StreamStore) -> None:
    numbers = [store.put("web", "same", str(index).encode()) for index in range(50)]

    assert numbers == sorted(set(numbers))
    assert {len(number) for number in numbers} == {56}
    assert all(number.startswith("4959") for number in numbers)


def test_sequence_numbers_keep_growing_after_a_restart_with_a_clock_that_went_back(
    tmp_path: Path, store: StreamStore, clock: Clock
) -> None:
    before = store.put("web", "same", b"1")
    store.close()
    clock.now -= 3600

    again = StreamStore(tmp_path / "kinesis.db", clock)  # type: ignore[arg-type]

    assert again.put("web", "same", b"2") > before
    assert again.totals("web").records == 2
    assert everything(again) == ["1", "2"]
    again.close()


def test_a_number_of_another_make_is_refused() -> None:
    assert parse_sequence_number(sequence_number(7, 3)) == (7, 3)
    for wrong in ("", "7", "4959" + "x" * 52, "1" * 56, "4959" + "٣" * 52):
        with pytest.raises(ValueError, match="not a sequence number"):
            parse_sequence_number(wrong)


def test_read_continues_after_a_position_and_stops_at_either_limit(store: StreamStore) -> None:
    numbers = [store.put("web", "same", b"x" * 100) for _ in range(10)]
    shard_id = store.shards("web")[parse_sequence_number(numbers[0])[1]].shard_id

    def read(after: str | None, limit: int, max_bytes: int) -> list[str]:
        return [record.sequence_number for record in store.read("web", shard_id, after, limit, max_bytes)]

    assert read(None, 4, 10_000) == numbers[:4]
    assert read(numbers[3], 100, 10_000) == numbers[4:]
    assert read(numbers[3], 100, 250) == numbers[4:6]
    assert read(numbers[3], 100, 1) == numbers[4:5]
    assert read(numbers[-1], 100, 10_000) == []


def test_backlog_counts_what_is_after_the_positions(store: StreamStore, clock: Clock) -> None:
    store.put("web", "a", b"12345")
    positions = store.latest("web")
    assert store.backlog("web", positions) == (0, 0, None)

    clock.now += 5
    store.put("web", "b", b"123")
    clock.now += 5
    store.put("web", "c", b"1")

    assert store.backlog("web", positions) == (2, 4, clock.now - 5)
    assert store.backlog("web", {}).records == 3


def test_newest_and_latest_differ_where_a_shard_has_no_record(store: StreamStore) -> None:
    number = store.put("web", "a", b"")
    [shard_id] = [shard.shard_id for shard in store.shards("web") if store.read("web", shard.shard_id, None)]

    assert store.newest("web") == {shard_id: number}
    assert store.latest("web")[shard_id] == number
    assert len(store.latest("web")) == 4


def test_records_are_trimmed_when_their_retention_is_over(store: StreamStore, clock: Clock) -> None:
    store.put("web", "a", b"old")
    clock.now += 24 * 3600
    store.put("web", "a", b"new")
    assert store.trim() == 0

    clock.now += 1
    assert store.trim() == 1
    assert everything(store) == ["new"]
    assert store.totals("web").records == 2


def test_records_that_a_reader_has_not_settled_are_not_trimmed(store: StreamStore, clock: Clock) -> None:
    first = store.put("web", "a", b"first")
    store.put("web", "a", b"second")
    clock.now += 25 * 3600
    [shard_id] = store.newest("web")

    assert store.trim({"web": [{}, {shard_id: first}]}) == 0
    assert store.trim({"web": [{shard_id: first}]}) == 1
    assert everything(store) == ["second"]
    assert store.trim({"web": []}) == 1


def test_subscriber_is_woken_by_a_put_to_its_stream_alone(store: StreamStore) -> None:
    store.ensure_stream(StreamDefinition("other", ARN.replace("web", "other"), shard_count=1))
    web, other = store.subscribe("web"), store.subscribe("other")

    store.put("web", "a", b"")

    assert web.is_set()
    assert not other.is_set()


def test_all_or_none_of_a_batch_is_stored(store: StreamStore) -> None:
    shard = store.shards("web")[0]

    with pytest.raises(sqlite3.Error):
        store.append("web", [(shard, "a", b"good"), (shard, "b", ["bad"])])  # type: ignore[list-item]

    assert everything(store) == []
    assert store.totals("web").records == 0
    store.put("web", "a", b"next")
    assert everything(store) == ["next"]


def test_readers_in_other_threads_miss_nothing_while_records_are_put(store: StreamStore) -> None:
    total = 4000
    seen: dict[str, list[str]] = {shard.shard_id: [] for shard in store.shards("web")}
    done = threading.Event()

    def consume(shard_id: str) -> None:
        while True:
            finished = done.is_set()
            after = seen[shard_id][-1] if seen[shard_id] else None
            records = store.read("web", shard_id, after, 100)
            seen[shard_id] += [record.sequence_number for record in records]
            if finished and not records:
                return

    readers = [threading.Thread(target=consume, args=(shard_id,)) for shard_id in seen]
    for reader in readers:
        reader.start()
    stream = store.stream("web")
    assert stream is not None
    put: list[str] = []
    for start in range(0, total, 50):
        keys = [f"user-{index}" for index in range(start, start + 50)]
        put += store.append("web", [(stream.shard_for(key.encode()), key, b"x") for key in keys])
    done.set()
    for reader in readers:
        reader.join()

    assert sorted(number for numbers in seen.values() for number in numbers) == sorted(put)
    assert all(numbers == sorted(numbers) for numbers in seen.values())


def test_acknowledged_puts_survive_kill_9(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from local_runtime.kinesis.model import StreamDefinition
from local_runtime.kinesis.store import StreamStore
store = StreamStore(Path({str(tmp_path / "kinesis.db")!r}))
store.ensure_stream(StreamDefinition("web", {ARN!r}))
while True:
    print(store.put("web", "key", b"data"), flush=True)
"""
    writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    with writer, writer.stdout as lines:
        acknowledged = [next(lines).strip() for _ in range(200)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += [line.strip() for line in lines if line.endswith("\n")]

    store = StreamStore(tmp_path / "kinesis.db")
    stored = [
        record.sequence_number
        for shard in store.shards("web")
        for record in store.read("web", shard.shard_id, None)
    ]
    # One put may have been stored and not acknowledged any more.
    assert stored[: len(acknowledged)] == acknowledged
    assert len(stored) - len(acknowledged) in (0, 1)
    assert store.totals("web").records == len(stored)
    assert store.put("web", "key", b"data") > stored[-1]
    store.close()


def test_a_stream_is_brought_up_to_its_template_but_never_resharded(store: StreamStore) -> None:
    store.put("web", "a", b"kept")

    store.ensure_stream(StreamDefinition("web", ARN, retention_hours=48, kms_key_id="alias/aws/kinesis"))

    stream = store.stream("web")
    assert stream is not None
    assert (stream.definition.retention_hours, stream.definition.encryption) == (48, "KMS")
    assert everything(store) == ["kept"]
    with pytest.raises(
        LocalRuntimeError, match="web has 4 shards in the state directory and 8 in the template"
    ):
        store.ensure_stream(StreamDefinition("web", ARN, shard_count=8))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kinesis.db"
    path.write_bytes(b"no database" * 100)

    with pytest.raises(
        LocalRuntimeError, match=r"kinesis\.db: the stream store cannot be opened: file is not"
    ):
        StreamStore(path)


def resource(**properties: object) -> Resource:
    return Resource("Stack", "Stream", "AWS::Kinesis::Stream", properties, "web", {"Arn": ARN})


def test_definition_is_read_from_the_template() -> None:
    on_demand = StreamDefinition.from_resource(
        resource(
            StreamModeDetails={"StreamMode": "ON_DEMAND"},
            RetentionPeriodHours=48,
            StreamEncryption={"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
            Tags=[{"Key": "team", "Value": "web"}],
        )
    )
    assert on_demand == StreamDefinition(
        "web", ARN, 4, 48, "ON_DEMAND", kms_key_id="alias/aws/kinesis", tags={"team": "web"}
    )

    provisioned = StreamDefinition.from_resource(resource(ShardCount=2))
    assert (provisioned.mode, provisioned.shard_count, provisioned.encryption) == ("PROVISIONED", 2, "NONE")

    with pytest.raises(UnsupportedResourceError, match="RecordDistributionStrategy"):
        StreamDefinition.from_resource(resource(RecordDistributionStrategy="AUTO"))
