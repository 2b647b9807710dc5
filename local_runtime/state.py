"""The state directory: what is kept where, and that one run at a time has it."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from local_runtime.errors import LocalRuntimeError

FORMAT = 1
"""Raised when an older run could no longer read what a newer one wrote."""
_LOCK_TRIES, _LOCK_PAUSE_SECONDS = 3, 0.05
"""Who looks for a run holds the lock for a moment."""


@dataclass(frozen=True)
class RunInfo:
    """How to find a run: written to `run.json` when its port is open."""

    pid: int
    port: int
    assembly: str


class StateDirectory:
    """`.local/`: locked while a run has it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.kinesis = root / "kinesis.db"
        self.firehose = root / "firehose.db"
        self.direct_puts = root / "direct-put.db"
        self.objects = root / "s3"
        self.logs = root / "logs"
        self._run_file = root / "run.json"
        self._lock_path = root / "lock"
        self._lock_file: IO[str] | None = None

    def acquire(self) -> None:
        """Make the directory if needed and take it for this process.

        Raises:
            LocalRuntimeError: another run has it, it cannot be written, or another format is in it.
        """
        try:
            # Events, published messages and sign-in codes are for the user alone.
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            self._lock()
        except OSError as error:
            raise LocalRuntimeError(f"{self.root}: the state cannot be used: {error.strerror}") from None
        try:
            self._run_file.unlink(missing_ok=True)  # of a run that was killed
            self._check_format()
            self._check_databases()
        except LocalRuntimeError:
            self.release()
            raise

    def _lock(self) -> None:
        lock_file = self._lock_path.open("a+")
        if not _take(lock_file):
            lock_file.seek(0)
            pid = lock_file.read().strip() or "unknown"
            lock_file.close()
            message = f"{self.root}: another local run (pid {pid}) has this state; stop it or pass --state"
            raise LocalRuntimeError(message) from None
        lock_file.truncate(0)
        lock_file.write(str(os.getpid()))
        lock_file.flush()
        self._lock_file = lock_file

    def _check_format(self) -> None:
        marker = self.root / "format"
        found = marker.read_bytes().strip() if marker.exists() else b""
        if not found and not self.kinesis.exists():  # new, or a power loss took the marker's text
            _write_durably(marker, f"{FORMAT}\n")
            return
        if found != str(FORMAT).encode():
            text = found[:20].decode(errors="backslashreplace")
            raise LocalRuntimeError(
                f"{self.root}: the state has format {text!r}, this run reads {FORMAT}; pass another --state"
            )

    def _check_databases(self) -> None:
        for path in sorted(self.root.glob("*.db")):
            try:
                with closing(sqlite3.connect(path)) as database:
                    database.execute("select count(*) from sqlite_master")
            except sqlite3.Error as error:
                raise LocalRuntimeError(f"{path}: the database cannot be opened: {error}") from None

    def announce(self, info: RunInfo) -> None:
        """Tell other processes where the run listens."""
        temporary = self._run_file.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(info)))
        temporary.replace(self._run_file)

    def release(self) -> None:
        """Give the directory back; its data stay."""
        self._run_file.unlink(missing_ok=True)
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None

    def find_run(self) -> RunInfo:
        """The run that has this state now.

        Raises:
            LocalRuntimeError: there is none.
        """
        try:
            info = RunInfo(**json.loads(self._run_file.read_text()))
            if self._is_held():
                return info
        except FileNotFoundError:
            pass
        except OSError as error:
            raise LocalRuntimeError(f"{self.root}: the state cannot be read: {error.strerror}") from None
        except (ValueError, TypeError) as error:
            raise LocalRuntimeError(f"{self._run_file}: not a run file: {error}") from None
        raise LocalRuntimeError(
            f"{self.root}: no local run has this state; start one with `python -m local_runtime up`"
        )

    def _is_held(self) -> bool:
        """Whether a process has the lock: a process id alone may be another process's by now."""
        with self._lock_path.open() as lock_file:
            try:
                fcntl.flock(lock_file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False


def _take(lock_file: IO[str]) -> bool:
    for attempt in range(_LOCK_TRIES):
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < _LOCK_TRIES - 1:
                time.sleep(_LOCK_PAUSE_SECONDS)
        else:
            return True
    return False


def _write_durably(path: Path, text: str) -> None:
    """Whole or not at all, also when the power fails."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
