"""The stream store's SQLite file: its tables and its connections."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from local_runtime.errors import LocalRuntimeError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS streams (
    name TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    created REAL NOT NULL,
    record_count INTEGER NOT NULL DEFAULT 0,
    byte_count INTEGER NOT NULL DEFAULT 0,
    last_tick INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shards (
    key INTEGER PRIMARY KEY,
    stream TEXT NOT NULL REFERENCES streams (name),
    shard_number INTEGER NOT NULL,
    starting_hash_key TEXT NOT NULL,
    ending_hash_key TEXT NOT NULL,
    first_tick INTEGER NOT NULL,
    UNIQUE (stream, shard_number)
);
CREATE TABLE IF NOT EXISTS records (
    tick INTEGER PRIMARY KEY,
    shard INTEGER NOT NULL,
    partition_key TEXT NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS records_by_shard ON records (shard);
"""
# The index on `shard` alone is enough: SQLite appends the rowid, which is the tick, to every index entry.


class Database:
    """One connection that writes and one per thread that reads; WAL lets them work at the same time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.writer = self._connect()
            self.writer.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise LocalRuntimeError(f"{path}: the stream store cannot be opened: {error}") from error

    @property
    def reader(self) -> sqlite3.Connection:
        """This thread's own connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            self._local.connection = connection
            with self._readers_lock:
                self._readers.append(connection)
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # What retention removes must be gone from the file, too.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        return connection

    def close(self) -> None:
        with self._readers_lock:
            for connection in self._readers:
                connection.close()
            self._readers.clear()
        self._local = threading.local()
        self.writer.close()
