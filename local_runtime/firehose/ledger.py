"""What a delivery stream must remember over a crash: how far it came and which batch was under way.

A batch is written down, with its verdict on every record, before anything of it becomes visible. After a
crash it is finished from what is written here, or undone when none of its rows is visible yet: the transform
function is never asked a second time about a record whose first answer took effect.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from local_runtime.firehose.records import Positions

_SCHEMA = """
create table if not exists position (
    delivery_stream text not null, shard_id text not null, sequence_number text not null,
    primary key (delivery_stream, shard_id)
) without rowid;
create table if not exists open_batch (
    delivery_stream text primary key, id text not null, after text not null, upto text not null,
    counts text not null, targets text not null, rows blob
);
create table if not exists error_object (
    delivery_stream text not null, bucket text not null, key text not null, body blob not null
);
create table if not exists counter (
    delivery_stream text not null, name text not null, value integer not null,
    primary key (delivery_stream, name)
) without rowid;
"""


@dataclass(frozen=True)
class ErrorObject:
    """An object under the error prefix."""

    bucket: str
    key: str
    body: bytes


@dataclass(frozen=True)
class Batch:
    """The records after one sequence number up to and with another, per shard, and what becomes of them."""

    id: uuid.UUID
    after: Positions
    upto: Positions
    counts: Mapping[str, int]
    targets: Sequence[str]
    """Where its rows go: tables or objects, as the destination names them."""
    error_objects: Sequence[ErrorObject] = ()
    rows: bytes | None = None
    """The rows themselves, when they become visible in more than one step."""

    @property
    def record_count(self) -> int:
        return sum(value for name, value in self.counts.items() if ":" not in name)


class Ledger:
    """A small SQLite file; every change is one durable transaction."""

    def __init__(self, path: Path) -> None:
        self._lock = Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
        self._db.execute("pragma secure_delete=on")
        self._db.executescript(_SCHEMA)

    def positions(self, delivery_stream: str) -> dict[str, str]:
        """Shard id -> the last sequence number whose records are all delivered."""
        with self._lock:
            rows = self._db.execute(
                "select shard_id, sequence_number from position where delivery_stream = ?", (delivery_stream,)
            )
            return dict(rows.fetchall())

    def open_batch(self, delivery_stream: str) -> Batch | None:
        """The batch that a crash interrupted."""
        with self._lock:
            row = self._db.execute(
                "select id, after, upto, counts, targets, rows from open_batch where delivery_stream = ?",
                (delivery_stream,),
            ).fetchone()
            objects = self._db.execute(
                "select bucket, key, body from error_object where delivery_stream = ?", (delivery_stream,)
            ).fetchall()
        if row is None:
            return None
        after, upto, counts, targets = map(json.loads, row[1:5])
        return Batch(
            uuid.UUID(row[0]), after, upto, counts, targets, [ErrorObject(*item) for item in objects], row[5]
        )

    def begin(self, delivery_stream: str, batch: Batch) -> None:
        """Write down a batch; from here on it is finished or undone, whatever happens."""
        with self._lock, self._db:
            self._db.execute("begin immediate")
            self._insert(delivery_stream, batch)

    def replace(self, delivery_stream: str, batch: Batch) -> None:
        """Write the open batch down anew, in one transaction."""
        with self._lock, self._db:
            self._db.execute("begin immediate")
            self._forget(delivery_stream)
            self._insert(delivery_stream, batch)

    def _insert(self, delivery_stream: str, batch: Batch) -> None:
        texts = (json.dumps(item) for item in (batch.after, batch.upto, batch.counts, batch.targets))
        self._db.execute(
            "insert into open_batch values (?, ?, ?, ?, ?, ?, ?)",
            (delivery_stream, str(batch.id), *texts, batch.rows),
        )
        self._db.executemany(
            "insert into error_object values (?, ?, ?, ?)",
            [(delivery_stream, item.bucket, item.key, item.body) for item in batch.error_objects],
        )

    def finish(self, delivery_stream: str, batch: Batch) -> None:
        """In one transaction: the batch is over, the positions move on, the counts are added."""
        with self._lock, self._db:
            self._db.execute("begin immediate")
            self._db.executemany(
                "insert or replace into position values (?, ?, ?)",
                [(delivery_stream, shard, sequence) for shard, sequence in batch.upto.items()],
            )
            self._db.executemany(
                "insert into counter values (?, ?, ?)"
                " on conflict do update set value = value + excluded.value",
                [(delivery_stream, name, value) for name, value in batch.counts.items() if value],
            )
            self._forget(delivery_stream)

    def abandon(self, delivery_stream: str) -> None:
        """Forget a batch of which nothing is visible: its records are read anew."""
        with self._lock, self._db:
            self._db.execute("begin immediate")
            self._forget(delivery_stream)

    def _forget(self, delivery_stream: str) -> None:
        self._db.execute("delete from open_batch where delivery_stream = ?", (delivery_stream,))
        self._db.execute("delete from error_object where delivery_stream = ?", (delivery_stream,))

    def counters(self, delivery_stream: str) -> dict[str, int]:
        """Totals since the state was made."""
        with self._lock:
            rows = self._db.execute(
                "select name, value from counter where delivery_stream = ?", (delivery_stream,)
            )
            return dict(rows.fetchall())

    def close(self) -> None:
        with self._lock:
            self._db.close()
