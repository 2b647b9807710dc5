"""Direct PUT: the records that producers put straight to a delivery stream, kept until they are delivered.

https://docs.aws.amazon.com/firehose/latest/dev/limits.html
https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from local_runtime.errors import AwsError, LocalRuntimeError
from local_runtime.firehose.records import Positions, SourceRecord

MAX_RECORDS = 500
MAX_CALL_BYTES = 4 * 1024 * 1024
MAX_RECORD_BYTES = 1000 * 1024
RETENTION_SECONDS = 24 * 3600.0
TICKS_PER_SECOND = 1_000_000
SHARD_ID = "direct-put"
"""A delivery stream has no shards that anybody sees; as a source it is one."""

_SCHEMA = """
create table if not exists record (
    delivery_stream text not null, sequence integer not null, arrival real not null, data blob not null,
    primary key (delivery_stream, sequence)
) without rowid;
create table if not exists newest (
    delivery_stream text primary key, sequence integer not null,
    records integer not null, bytes integer not null
) without rowid;
"""


class DirectPutStore:
    """One SQLite file for the delivery streams of a run; a put is in it before it is acknowledged."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.Lock()
        try:
            self.db = _open(path)
        except sqlite3.Error as error:
            raise LocalRuntimeError(f"{path}: the Direct PUT store cannot be opened: {error}") from error

    def close(self) -> None:
        with self.lock:
            self.db.close()


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        db.execute("pragma journal_mode=wal")
        # As for the stream store (docs/decisions/0030): the death of the process loses nothing.
        db.execute("pragma synchronous=normal")
        db.execute("pragma secure_delete=on")  # what is delivered must be gone from the file, too
        db.executescript(_SCHEMA)
    except sqlite3.Error:
        db.close()
        raise
    return db


class DirectPut:
    """One delivery stream's own buffer: producers put, the delivery reads, what is delivered is removed.

    A sequence number is the arrival in microseconds, pushed ahead where two records would share one: it grows
    even when the newest records were lost with the machine's power, so no saved position covers a later put.
    """

    def __init__(
        self, store: DirectPutStore, delivery_stream: str, clock: Callable[[], float] = time.time
    ) -> None:
        self.delivery_stream = delivery_stream
        self._store = store
        self._clock = clock
        with store.lock:
            store.db.execute("insert or ignore into newest values (?, 0, 0, 0)", (delivery_stream,))

    def put(self, records: Sequence[bytes]) -> list[str]:
        """Keep records, all or none; their record ids.

        Raises:
            AwsError: InvalidArgumentException, as Firehose answers beyond its limits.
        """
        _check(records)
        name, arrival = self.delivery_stream, self._clock()
        size = sum(map(len, records))
        with self._store.lock, self._store.db as db:
            db.execute("begin immediate")
            (last,) = db.execute("select sequence from newest where delivery_stream = ?", (name,)).fetchone()
            first = max(last + 1, int(arrival * TICKS_PER_SECOND))
            numbers = range(first, first + len(records))
            db.executemany(
                "insert into record values (?, ?, ?, ?)",
                [(name, number, arrival, data) for number, data in zip(numbers, records, strict=True)],
            )
            db.execute(
                "update newest set sequence = ?, records = records + ?, bytes = bytes + ?"
                " where delivery_stream = ?",
                (numbers[-1], len(records), size, name),
            )
        return [f"{SHARD_ID}:{_text(number)}" for number in numbers]

    def totals(self) -> tuple[int, int]:
        """Records and bytes that were put since the state was made."""
        with self._store.lock:
            found: tuple[int, int] = self._store.db.execute(
                "select records, bytes from newest where delivery_stream = ?", (self.delivery_stream,)
            ).fetchone()
        return found

    def waiting(self, positions: Positions) -> tuple[int, int, float | None]:
        """Records, bytes and oldest arrival of what comes after the positions."""
        after = int(positions.get(SHARD_ID, "0"))
        with self._store.lock:
            found: tuple[int, int, float | None] = self._store.db.execute(
                "select count(*), coalesce(sum(length(data)), 0), min(arrival) from record"
                " where delivery_stream = ? and sequence > ?",
                (self.delivery_stream, after),
            ).fetchone()
        return found

    # -- as a delivery reads it

    def shard_ids(self) -> Sequence[str]:
        return [SHARD_ID]

    def read(self, shard_id: str, after: str | None, limit: int, max_bytes: int) -> Sequence[SourceRecord]:
        """Records after a sequence number, at least one if there is any."""
        first = 0 if after is None else int(after)
        records: list[SourceRecord] = []
        size = 0
        with self._store.lock:
            cursor = self._store.db.execute(
                "select sequence, arrival, data from record where delivery_stream = ? and sequence > ?"
                " order by sequence limit ?",
                (self.delivery_stream, first, limit),
            )
            for number, arrival, data in cursor:
                size += len(data)
                if size > max_bytes and records:
                    break
                records.append(SourceRecord(shard_id, _text(number), "", data, arrival))
            cursor.close()
        return records

    def latest(self) -> dict[str, str]:
        """The newest record that is held."""
        with self._store.lock:
            (last,) = self._store.db.execute(
                "select max(sequence) from record where delivery_stream = ?", (self.delivery_stream,)
            ).fetchone()
        return {} if last is None else {SHARD_ID: _text(last)}

    def expired(self, positions: Positions) -> tuple[int, Positions]:
        """How many records after the positions are older than a day, and the position behind them."""
        name, after = self.delivery_stream, int(positions.get(SHARD_ID, "0"))
        with self._store.lock:
            # Arrivals go back where the clock was set back: up to the first that is young enough.
            count, last = self._store.db.execute(
                "select count(*), max(sequence) from record where delivery_stream = ?1 and sequence > ?2"
                " and sequence < (select coalesce(min(sequence), 9e18) from record"
                " where delivery_stream = ?1 and sequence > ?2 and arrival >= ?3)",
                (name, after, self._clock() - RETENTION_SECONDS),
            ).fetchone()
        return count, positions if last is None else {**positions, SHARD_ID: _text(last)}

    def forget(self, positions: Positions) -> None:
        """Remove the records up to the positions."""
        delivered = int(positions.get(SHARD_ID, "0"))
        with self._store.lock, self._store.db as db:
            db.execute("begin immediate")
            db.execute(
                "delete from record where delivery_stream = ? and sequence <= ?",
                (self.delivery_stream, delivered),
            )


def _text(number: int) -> str:
    """Sequence numbers compare as texts."""
    return f"{number:020d}"


def _check(records: Sequence[bytes]) -> None:
    if not 1 <= len(records) <= MAX_RECORDS:
        raise AwsError(
            "InvalidArgumentException", f"a call puts 1 to {MAX_RECORDS} records (got {len(records)})"
        )
    largest = max(map(len, records))
    if largest > MAX_RECORD_BYTES:
        raise AwsError(
            "InvalidArgumentException", f"a record has at most {MAX_RECORD_BYTES} bytes (got {largest})"
        )
    size = sum(map(len, records))
    if size > MAX_CALL_BYTES:
        raise AwsError("InvalidArgumentException", f"a call puts at most {MAX_CALL_BYTES} bytes (got {size})")
