"""The state directory: what is kept where, and that one run at a time has it."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from local_runtime.errors import LocalRuntimeError

FORMAT = 1
"""Raised when an older run could no longer read what a newer one wrote."""


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
        self._lock_file: IO[str] | None = None

    def acquire(self) -> None:
        """Make the directory if needed and take it for this process.

        Raises:
            LocalRuntimeError: another run has it, it cannot be written, or another format is in it.
        """
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            self._lock()
        except OSError as error:
            raise LocalRuntimeError(f"{self.root}: the state cannot be used: {error.strerror}") from None
        try:
            self._check_format()
        except LocalRuntimeError:
            self.release()
            raise

    def _lock(self) -> None:
        lock_file = (self.root / "lock").open("a+")
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
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
        if not marker.exists():
            marker.write_text(f"{FORMAT}\n")
        found = marker.read_text().strip()
        if found != str(FORMAT):
            raise LocalRuntimeError(
                f"{self.root}: the state has format {found!r}, this run reads {FORMAT}; pass another --state"
            )

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
            os.kill(info.pid, 0)
        except (FileNotFoundError, ProcessLookupError):
            raise LocalRuntimeError(
                f"{self.root}: no local run has this state; start one with `python -m local_runtime up`"
            ) from None
        except (ValueError, TypeError) as error:
            raise LocalRuntimeError(f"{self._run_file}: not a run file: {error}") from None
        return info
