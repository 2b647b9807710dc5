"""The durable stream store: SQLite in WAL mode, one row a record.

A put is acknowledged after its transaction is committed to the write-ahead log, so it survives the death of
the process, `kill -9` included. The log is not forced to the disk for every put (`synchronous = NORMAL`):
when the machine loses power or its kernel crashes, the puts of the last moments may be gone; the store itself
stays sound, and sequence numbers still never repeat (see `sequence`). docs/decisions/0030 has the costs.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local_runtime.errors import LocalRuntimeError
from local_runtime.kinesis.database import Database
from local_runtime.kinesis.model import (
    Backlog,
    Shard,
    StoredRecord,
    Stream,
    StreamDefinition,
    Totals,
    hash_key_ranges,
)
from local_runtime.kinesis.sequence import (
    TICKS_PER_SECOND,
    parse_sequence_number,
    sequence_number,
    tick_at,
    time_of,
)

MAX_READ_RECORDS = 10_000
MAX_READ_BYTES = 10 * 1024 * 1024
_TRIM_CHUNK = 10_000

_INSERT = "INSERT INTO records (tick, shard, partition_key, data) VALUES (?, ?, ?, ?)"
_COUNT = "UPDATE streams SET record_count = ?, byte_count = ?, last_tick = ? WHERE name = ?"
_READ = "SELECT tick, partition_key, data FROM records WHERE shard = ? AND tick > ? ORDER BY tick LIMIT ?"
_BACKLOG = (
    "SELECT count(*), coalesce(sum(length(data)), 0), min(tick) FROM records WHERE shard = ? AND tick > ?"
)
_NEWEST = "SELECT max(tick) FROM records WHERE shard = ?"
_TRIM = "DELETE FROM records WHERE tick IN (SELECT tick FROM records WHERE shard = ? AND tick < ? LIMIT ?)"


class StreamStore:
    """The streams of a run. Any thread may call any method; writes take turns, reads wait for nobody."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._database = Database(path)
        self._lock = threading.Lock()
        self._streams: dict[str, Stream] = {}
        self._totals: dict[str, Totals] = {}
        self._waiting: dict[str, list[threading.Event]] = {}
        self._last_tick = 0
        self._load()

    def _load(self) -> None:
        writer = self._database.writer
        rows = writer.execute(
            "SELECT name, definition, created, record_count, byte_count, last_tick FROM streams"
        )
        for name, definition, created, record_count, byte_count, last_tick in rows.fetchall():
            self._remember(StreamDefinition(**json.loads(definition)), created)
            self._totals[name] = Totals(record_count, byte_count)
            self._last_tick = max(self._last_tick, last_tick)

    def _remember(self, definition: StreamDefinition, created: float) -> None:
        rows = self._database.writer.execute(
            "SELECT key, shard_number, starting_hash_key, ending_hash_key, first_tick FROM shards"
            " WHERE stream = ? ORDER BY shard_number",
            (definition.name,),
        )
        shards = tuple(
            Shard(key, number, int(start), int(end), tick) for key, number, start, end, tick in rows
        )
        starts = tuple(shard.starting_hash_key for shard in shards)
        self._streams[definition.name] = Stream(definition, created, shards, starts)

    # -- streams

    def ensure_stream(self, definition: StreamDefinition) -> None:
        """Creates the stream, or brings an existing one up to its definition.

        Raises:
            LocalRuntimeError: the stream exists with another number of shards.
        """
        with self._lock:
            known = self._streams.get(definition.name)
            if known is not None and len(known.shards) != definition.shard_count:
                raise LocalRuntimeError(
                    f"stream {definition.name} has {len(known.shards)} shards in the state directory and "
                    f"{definition.shard_count} in the template; the local run does not reshard: "
                    "start with a new state directory"
                )
            created = self._clock() if known is None else known.created
            with self._transaction() as writer:
                if known is None:
                    self._create(writer, definition, created)
                else:
                    writer.execute(
                        "UPDATE streams SET definition = ? WHERE name = ?",
                        (json.dumps(definition.to_json()), definition.name),
                    )
            self._remember(definition, created)
            self._totals.setdefault(definition.name, Totals(0, 0))

    def _create(self, writer: sqlite3.Connection, definition: StreamDefinition, created: float) -> None:
        tick = self._next_tick()
        self._last_tick = tick
        writer.execute(
            "INSERT INTO streams (name, definition, created, last_tick) VALUES (?, ?, ?, ?)",
            (definition.name, json.dumps(definition.to_json()), created, tick),
        )
        writer.executemany(
            "INSERT INTO shards (stream, shard_number, starting_hash_key, ending_hash_key, first_tick)"
            " VALUES (?, ?, ?, ?, ?)",
            [
                (definition.name, number, str(start), str(end), tick)
                for number, (start, end) in enumerate(hash_key_ranges(definition.shard_count))
            ],
        )

    def stream(self, name: str) -> Stream | None:
        return self._streams.get(name)

    def streams(self) -> list[Stream]:
        """All streams, by name."""
        return [self._streams[name] for name in sorted(self._streams)]

    def shards(self, stream: str) -> tuple[Shard, ...]:
        return self._streams[stream].shards

    def totals(self, stream: str) -> Totals:
        return self._totals[stream]

    # -- writes

    def append(self, stream: str, entries: Sequence[tuple[Shard, str, bytes]]) -> list[str]:
        """Stores records in one transaction, all or none, and gives their sequence numbers in order."""
        with self._lock:
            first = self._next_tick()
            last = first + len(entries) - 1
            before = self._totals[stream]
            after = Totals(
                before.records + len(entries), before.bytes + sum(len(entry[2]) for entry in entries)
            )
            with self._transaction() as writer:
                writer.executemany(
                    _INSERT,
                    [(tick, shard.key, key, data) for tick, (shard, key, data) in enumerate(entries, first)],
                )
                writer.execute(_COUNT, (*after, last, stream))
            self._last_tick = last
            self._totals[stream] = after
        for waiting in self._waiting.get(stream, ()):
            waiting.set()
        return [sequence_number(tick, entry[0].number) for tick, entry in enumerate(entries, first)]

    def put(self, stream: str, partition_key: str, data: bytes) -> str:
        """Stores one record in the shard of its partition key."""
        return self.append(
            stream, [(self._streams[stream].shard_for(partition_key.encode()), partition_key, data)]
        )[0]

    def trim(self, readers: Mapping[str, Sequence[Mapping[str, str]]] | None = None) -> int:
        """Removes the records that are older than their stream's retention, a few thousand at a time.

        Args:
            readers: stream -> the positions, shard id -> sequence number, that its consumers have settled;
                what comes after one of them stays.
        """
        removed = 0
        for stream in self.streams():
            horizon = tick_at(self._clock()) - stream.definition.retention_hours * 3600 * TICKS_PER_SECOND
            settled = () if readers is None else readers.get(stream.name, ())
            for shard in stream.shards:
                ends = [_end(positions.get(shard.shard_id)) for positions in settled]
                while chunk := self._trim_chunk(shard, min([horizon, *ends])):
                    removed += chunk
        return removed

    def _trim_chunk(self, shard: Shard, horizon: int) -> int:
        with self._lock, self._transaction() as writer:
            return writer.execute(_TRIM, (shard.key, horizon, _TRIM_CHUNK)).rowcount

    def _next_tick(self) -> int:
        return max(self._last_tick + 1, tick_at(self._clock()))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        writer = self._database.writer
        writer.execute("BEGIN IMMEDIATE")
        try:
            yield writer
            writer.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled the transaction back already.
            if writer.in_transaction:
                writer.execute("ROLLBACK")
            raise

    # -- reads

    def read(
        self,
        stream: str,
        shard_id: str,
        after: str | None,
        limit: int = MAX_READ_RECORDS,
        max_bytes: int = MAX_READ_BYTES,
    ) -> list[StoredRecord]:
        """Records of a shard after a sequence number, or from the oldest; at least one if there is any."""
        shard = self._shard(stream, shard_id)
        return self.read_ticks(
            shard, 0 if after is None else parse_sequence_number(after)[0], limit, max_bytes
        )

    def read_ticks(self, shard: Shard, after: int, limit: int, max_bytes: int) -> list[StoredRecord]:
        number = shard.number
        records: list[StoredRecord] = []
        size = 0
        cursor = self._database.reader.execute(_READ, (shard.key, after, limit))
        for tick, partition_key, data in cursor:
            size += len(data)
            if size > max_bytes and records:
                break
            records.append(StoredRecord(sequence_number(tick, number), partition_key, data, time_of(tick)))
        cursor.close()
        return records

    def newest_tick(self, shard: Shard) -> int | None:
        """The tick of a shard's newest record."""
        tick: int | None = self._database.reader.execute(_NEWEST, (shard.key,)).fetchone()[0]
        return tick

    def latest(self, stream: str) -> dict[str, str]:
        """The position after everything that was put so far, for each shard: what LATEST means."""
        tick = self.latest_tick
        return {shard.shard_id: sequence_number(tick, shard.number) for shard in self.shards(stream)}

    def newest(self, stream: str) -> dict[str, str]:
        """The sequence number of each shard's newest record; shards without records are left out."""
        found = ((shard, self.newest_tick(shard)) for shard in self.shards(stream))
        return {
            shard.shard_id: sequence_number(tick, shard.number) for shard, tick in found if tick is not None
        }

    @property
    def latest_tick(self) -> int:
        return self._last_tick

    def backlog(self, stream: str, positions: Mapping[str, str | None]) -> Backlog:
        """What comes after the positions, shard id -> sequence number; a shard without one counts whole."""
        records = size = 0
        oldest: list[int] = []
        for shard in self.shards(stream):
            position = positions.get(shard.shard_id)
            after = 0 if position is None else parse_sequence_number(position)[0]
            count, length, tick = self._database.reader.execute(_BACKLOG, (shard.key, after)).fetchone()
            records, size = records + count, size + length
            oldest += [tick] if tick is not None else []
        return Backlog(records, size, time_of(min(oldest)) if oldest else None)

    def subscribe(self, stream: str) -> threading.Event:
        """An event that every put to the stream sets; the consumer clears it before it reads."""
        event = threading.Event()
        with self._lock:
            self._waiting[stream] = [*self._waiting.get(stream, ()), event]
        return event

    def _shard(self, stream: str, shard_id: str) -> Shard:
        shard = self._streams[stream].shard(shard_id)
        if shard is None:
            raise KeyError(f"{stream}/{shard_id}")
        return shard

    def close(self) -> None:
        with self._lock:
            self._database.close()


def _end(position: str | None) -> int:
    """The first tick after a position."""
    return 0 if position is None else parse_sequence_number(position)[0] + 1
