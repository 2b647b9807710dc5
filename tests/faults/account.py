"""What must hold after every schedule: the account closes, order holds, nothing is double or made up."""

from __future__ import annotations

import json
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tests.faults.events import Event, serial_of
from tests.faults.function import table_of
from tests.faults.world import World

REJECTED = "Lambda.ProcessingFailedStatus"


class Stored(NamedTuple):
    """A record of the stream."""

    shard_id: str
    sequence_number: str
    partition_key: str
    data: bytes
    arrival: float

    @property
    def serial(self) -> int:
        return serial_of(self.data)


class Account:
    """Four independent lists of one world: what was sent, what the stream holds, rows, and failures."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.sent = world.producer.sent
        self.stream = list(_stream(world))
        self.rows = world.rows()
        self.failures = list(_failures(world))
        self.failed = Counter(serial_of(_raw(envelope)) for envelope in self.failures)

    def check(self) -> None:
        """Raises AssertionError with what is wrong."""
        self._check_acknowledgements()
        self._check_order()
        self._check_counts()
        self._check_failures()
        self._check_rows()
        if self._world.profile.unique_keys:
            self._check_merged_rows()
        else:
            self._check_inserted_rows()

    def _check_acknowledgements(self) -> None:
        """Every acknowledged put is in the stream where its answer said; once, if all its calls answered."""
        producer = self._world.producer
        places = {(item.shard_id, item.sequence_number): item for item in self.stream}
        for event, shard_id, sequence_number in producer.acknowledged:
            assert places[shard_id, sequence_number].serial == event.serial
        assert {entry.event.serial for entry in producer.acknowledged} == set(self.sent)
        for serial, copies in Counter(item.serial for item in self.stream).items():
            assert copies <= 1 + producer.uncertain[serial], f"{serial} is in the stream {copies} times"
        for item in self.stream:
            assert _same(item.data, self.sent[item.serial]), item

    def _check_order(self) -> None:
        """One shard a key; acknowledged one after another is one after another in the stream."""
        last: dict[str, tuple[str, str]] = {}
        for event, shard_id, sequence_number in self._world.producer.acknowledged:
            before = last.get(event.key, (shard_id, ""))
            assert before[0] == shard_id, f"{event.key} is in two shards"
            if self._world.profile.ordered:
                assert before[1] < sequence_number, f"{event} overtook its predecessor"
            last[event.key] = (shard_id, sequence_number)

    def _check_counts(self) -> None:
        """The delivery's own counters close over what the stream holds."""
        counters = self._world.ledger.counters(self._world.settings.name)
        totals = {name: value for name, value in counters.items() if ":" not in name}
        assert sum(totals.values()) == len(self.stream), (totals, len(self.stream))
        kinds = Counter(kind for kind, _ in _failed_objects(self._world))
        assert {name: value for name, value in totals.items() if name.endswith("-failed")} == dict(kinds)
        codes = Counter(envelope["errorCode"] for envelope in self.failures)
        for code, count in codes.items():
            assert sum(value for name, value in counters.items() if name.endswith(f":{code}")) == count

    def _check_failures(self) -> None:
        """Poison failed for its own sake, and nothing else failed without a fault that explains it."""
        codes = self._world.function.codes
        for envelope in self.failures:
            raw, code = _raw(envelope), envelope["errorCode"]
            event = self.sent[serial_of(raw)]
            allowed = codes.get(event.serial, set()) | ({REJECTED} if event.poison else set())
            assert code in allowed, f"{event} failed with {code}; there was reason for {allowed or 'none'}"
            assert code.startswith("Iceberg.") or _same(raw, event), envelope

    def _check_rows(self) -> None:
        """No poison is stored; every row says what its event said, and when the stream took it."""
        arrivals: dict[int, set[datetime]] = defaultdict(set)
        for item in self.stream:
            arrivals[item.serial].add(_utc(item.arrival))
        for row in self.rows:
            event = self.sent[serial_of(row["uri"].encode())]
            assert event.poison is None, f"poison was stored: {event}"
            expected = {**event.document, "timestamp": _moment(event.document["timestamp"])}
            assert {name: row[name] for name in expected} == expected
            assert row["received_at"] in arrivals[event.serial]
        names = tuple(table.name for table in self._world.definitions)
        for table in self._world.definitions:
            for row in self._world.tables.rows(table.database, table.name):
                assert table_of(row["event_id"], names) == table.name

    def _check_inserted_rows(self) -> None:
        """Each record of the stream ended once, as row, failure or dropped; more if it was repeated."""
        rows = Counter(serial_of(row["uri"].encode()) for row in self.rows)
        repeated = self._world.repetitions + self._world.faulty_tables.repeated
        missing: Counter[int] = Counter()
        for serial, copies in Counter(item.serial for item in self.stream).items():
            ended = rows[serial] + self.failed[serial]
            assert ended <= copies + repeated[serial], f"{serial}: {copies} puts, {ended} outcomes"
            missing[serial] = max(0, copies - ended)
        self._check_dropped(+missing)

    def _check_dropped(self, missing: Counter[int]) -> None:
        dropped = self._world.ledger.counters(self._world.settings.name).get("dropped", 0)
        assert set(missing) <= self._world.function.dropped, f"lost: {missing}"
        repeated = self._world.repetitions + self._world.faulty_tables.repeated
        if not repeated:
            assert missing.total() == dropped

    def _check_merged_rows(self) -> None:
        """One row a key, and it is the last one that reached the table."""
        rows = {row["event_id"]: serial_of(row["uri"].encode()) for row in self.rows}
        assert len(rows) == len(self.rows), f"{len(self.rows) - len(rows)} rows are double"
        by_key: dict[str, list[int]] = defaultdict(list)
        for item in sorted(self.stream, key=lambda item: item.sequence_number):
            by_key[item.partition_key].append(item.serial)
        for key, serials in by_key.items():
            possible = self._possible_winners(serials)
            assert rows.get(key) in possible, f"{key}: {rows.get(key)} is stored, {possible} may be"

    def _possible_winners(self, serials: list[int]) -> set[int | None]:
        """The last record that did not fail; where one copy of several failed, it may have been either."""
        copies = Counter(serials)
        possible: set[int | None] = set()
        for serial in reversed(serials):
            failed = self.failed[serial]
            dropped = serial in self._world.function.dropped
            if failed < copies[serial]:
                possible.add(serial)
            if not failed and not dropped:
                return possible
        return possible | {None}


def _stream(world: World) -> Iterator[Stored]:
    name = world.store.streams()[0].name
    for shard in world.store.shards(name):
        for record in world.store.read(name, shard.shard_id, None):
            yield Stored(
                shard.shard_id, record.sequence_number, record.partition_key, record.data, record.arrival
            )


def _failed_objects(world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    bucket = world.settings.error_output.bucket
    for kind in ("processing-failed", "iceberg-failed"):
        for key in world.objects.list(bucket):
            if kind in key:
                for line in world.objects.get(bucket, key).splitlines():
                    yield kind, json.loads(line)


def _failures(world: World) -> Iterator[dict[str, Any]]:
    return (envelope for _, envelope in _failed_objects(world))


def _raw(envelope: dict[str, Any]) -> bytes:
    return b64decode(envelope["rawData"])


def _same(data: bytes, event: Event) -> bool:
    """Whether a record is what was sent: PutRecord writes JSON anew, PutRecords leaves text alone."""
    if data == event.text.encode():
        return True
    return bool(json.loads(data) == event.value)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")  # a row's timestamps have no zone


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
