"""What a delivery stream must remember over a crash: how far it came and which batch was under way.

A batch is written down before anything of it becomes visible. After a crash the same batch, with the
same records and the same id, is delivered again: error objects get the same keys, and a table whose
newest snapshot already names the batch is left alone.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from local_runtime.firehose.records import Positions

_SCHEMA = """
create table if not exists position (
    delivery_stream text not null, shard_id text not null, sequence_number text not null,
    primary key (delivery_stream, shard_id)
) without rowid;
create table if not exists batch (
    delivery_stream text primary key, id text not null, after text not null, upto text not null
) without rowid;
create table if not exists counter (
    delivery_stream text not null, name text not null, value integer not null,
    primary key (delivery_stream, name)
) without rowid;
"""


@dataclass(frozen=True)
class Batch:
    """A range of records per shard: after one sequence number, up to and with another."""

    id: uuid.UUID
    after: Positions
    upto: Positions


class Ledger:
    """A small SQLite file; every change is one durable transaction."""

    def __init__(self, path: Path) -> None:
        self._lock = Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
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
                "select id, after, upto from batch where delivery_stream = ?", (delivery_stream,)
            ).fetchone()
        return Batch(uuid.UUID(row[0]), json.loads(row[1]), json.loads(row[2])) if row else None

    def begin(self, delivery_stream: str, after: Positions, upto: Positions) -> Batch:
        """Write down a new batch; from here on it will be finished, whatever happens."""
        batch = Batch(uuid.uuid4(), dict(after), dict(upto))
        values = (delivery_stream, str(batch.id), json.dumps(batch.after), json.dumps(batch.upto))
        with self._lock:
            self._db.execute("insert into batch values (?, ?, ?, ?)", values)
        return batch

    def finish(self, delivery_stream: str, batch: Batch, counts: Mapping[str, int]) -> None:
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
                [(delivery_stream, name, value) for name, value in counts.items() if value],
            )
            self._db.execute("delete from batch where delivery_stream = ?", (delivery_stream,))

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
