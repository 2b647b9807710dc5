"""What S3 knows of an object besides its bytes: ETag, content type, user metadata. Kept in SQLite.

A row belongs to one file, told by its inode and its time of modification, so it can be written before the
object takes its name: whatever a crash leaves behind, a row never describes another object's bytes.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path

from local_runtime.errors import LocalRuntimeError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    inode INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    etag TEXT NOT NULL,
    headers TEXT NOT NULL,
    PRIMARY KEY (bucket, key, inode, modified)
) WITHOUT ROWID
"""
_FIND = "SELECT etag, headers FROM object WHERE bucket = ? AND key = ? AND inode = ? AND modified = ?"
_ADD = "INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?, ?, ?)"
_FORGET = "DELETE FROM object WHERE bucket = ? AND key = ? AND NOT (inode = ? AND modified = ?)"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class ObjectInfo:
    """An object as HEAD describes it."""

    key: str
    size: int
    etag: str
    """Without its quotes."""
    last_modified: datetime
    headers: Mapping[str, str]


class ObjectMetadata:
    """Safe for many threads."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(_SCHEMA)
        except sqlite3.Error as error:
            raise LocalRuntimeError(f"{path}: the metadata of objects cannot be opened: {error}") from error
        self._lock = threading.Lock()

    def add(self, bucket: str, key: str, stat: os.stat_result, etag: str, headers: Mapping[str, str]) -> None:
        """Write down what belongs to a file that has or will have this key."""
        row = (bucket, key, stat.st_ino, stat.st_mtime_ns, etag, json.dumps(dict(headers)))
        with self._lock:
            self._db.execute(_ADD, row)

    def forget_others(self, bucket: str, key: str, stat: os.stat_result) -> None:
        """Drop what belongs to files that had this key before."""
        with self._lock:
            self._db.execute(_FORGET, (bucket, key, stat.st_ino, stat.st_mtime_ns))

    def info(self, bucket: str, key: str, path: Path) -> ObjectInfo:
        """Describe the object in a file; one that the run wrote itself gets its ETag now.

        Raises:
            FileNotFoundError: there is no such file.
        """
        stat = path.stat()
        with self._lock:
            row = self._db.execute(_FIND, (bucket, key, stat.st_ino, stat.st_mtime_ns)).fetchone()
        headers: dict[str, str] = {}
        if row is None:
            etag = _md5(path)
            self.add(bucket, key, stat, etag, headers)
        else:
            etag, headers = row[0], json.loads(row[1])
        modified = datetime.fromtimestamp(stat.st_mtime, UTC)
        return ObjectInfo(key, stat.st_size, etag, modified, headers)

    def close(self) -> None:
        with self._lock:
            self._db.close()


def _md5(path: Path) -> str:
    digest = md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
