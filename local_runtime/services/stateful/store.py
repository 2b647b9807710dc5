"""What tables, secrets and user pools hold, in one SQLite file, written before an answer goes out."""

from __future__ import annotations

import logging
import os
import pickle
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from local_runtime.errors import LocalRuntimeError

log = logging.getLogger(__name__)

_SCHEMA = """
create table if not exists dynamodb_table (name text primary key, key_schema text not null) without rowid;
create table if not exists dynamodb_item (
    table_name text not null, key text not null, item text not null, primary key (table_name, key)
) without rowid;
create table if not exists kept (service text primary key, version text not null, objects blob not null);
"""

Items = Iterable[tuple[str, dict[str, Any] | None]]
"""Keys, each with its item; None: deleted."""


class ServiceStore:
    """One connection, opened with its first use; any thread may call."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def read_items(self, table: str, key_schema: Any) -> Iterator[dict[str, Any]]:
        """The items of a table; none of them fits a table whose keys are other ones than before."""
        schema = orjson.dumps(key_schema).decode()
        with self._lock:
            db = self._open()
            found = db.execute("select key_schema from dynamodb_table where name = ?", (table,)).fetchone()
            if found is not None and found[0] != schema:
                log.warning("%s: the keys are other ones now; the items under the old keys are gone", table)
                db.execute("delete from dynamodb_item where table_name = ?", (table,))
            db.execute("insert or replace into dynamodb_table values (?, ?)", (table, schema))
            rows = db.execute("select item from dynamodb_item where table_name = ?", (table,)).fetchall()
        return (orjson.loads(row[0]) for row in rows)

    def write_items(self, table: str, items: Items) -> None:
        """All of them or, if the process dies, none."""
        with self._lock:
            db = self._open()
            db.execute("begin immediate")
            try:
                for key, item in items:
                    if item is None:
                        db.execute("delete from dynamodb_item where table_name = ? and key = ?", (table, key))
                    else:
                        row = table, key, orjson.dumps(item).decode()
                        db.execute("insert or replace into dynamodb_item values (?, ?, ?)", row)
                db.execute("commit")
            except BaseException:
                db.execute("rollback")
                raise

    def drop_items(self, table: str) -> None:
        with self._lock:
            self._open().execute("delete from dynamodb_item where table_name = ?", (table,))

    def read_objects(self, service: str) -> Any:
        """What `write_objects` was given last; None before.

        Raises:
            LocalRuntimeError: another version of moto wrote them, so their shape is not known.
        """
        with self._lock:
            db = self._open()
            found = db.execute("select version, objects from kept where service = ?", (service,)).fetchone()
        if found is None:
            return None
        if found[0] != _version():
            versions = f"was kept by moto {found[0]}, this is {_version()}"
            raise LocalRuntimeError(f"{self._path}: {service} {versions}; pass another --state")
        return pickle.loads(found[1])  # noqa: S301 (this run's own file, in its own state directory)

    def write_objects(self, service: str, objects: bytes) -> None:
        """Keep what `pickle` made of a service's objects."""
        with self._lock:
            row = service, _version(), objects
            self._open().execute("insert or replace into kept values (?, ?, ?)", row)

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Secrets and passwords are for the user alone.
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
            db.execute("pragma journal_mode=wal")
            # As for the stream store (docs/decisions/0030): the death of the process loses nothing.
            db.execute("pragma synchronous=normal")
            db.execute("pragma secure_delete=on")
            db.executescript(_SCHEMA)
            self._db = db
        return self._db


def _version() -> str:
    import moto

    return moto.__version__
