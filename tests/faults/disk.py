"""A disk that refuses: at the n-th write from now, or for as long as a block of code takes."""

from __future__ import annotations

import errno
import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from typing_extensions import Buffer

from local_runtime.lakehouse.durable_file import DurableFile


class Killed(BaseException):
    """Stands for `kill -9`: nothing after it runs, memory is gone, files and databases stay."""


class Disk:
    """Counts writes of objects and commits of tables, and fails some of them."""

    def __init__(self) -> None:
        self._countdown: int | None = None
        self._failures = 0
        self._kills = False
        self.seen: Counter[str] = Counter()

    def fail(self, after: int, failures: int) -> None:
        """`No space left on device` for some writes, after some that succeed."""
        self._countdown, self._failures, self._kills = after, failures, False

    def kill(self, after: int) -> None:
        """The process dies at a write."""
        self._countdown, self._failures, self._kills = after, 1, True

    def clear(self) -> None:
        self._countdown = None

    def touch(self) -> None:
        """A write begins."""
        if self._countdown is None:
            return
        if self._countdown > 0:
            self._countdown -= 1
            return
        self._failures -= 1
        if self._failures <= 0:
            self._countdown = None
        if self._kills:
            self.seen["killed at a write"] += 1
            raise Killed
        self.seen["disk full at a write"] += 1
        raise OSError(errno.ENOSPC, "No space left on device")

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every object's writes go through here: Parquet, manifests, metadata, error objects."""
        write = DurableFile.write

        def guarded(file: DurableFile, data: Buffer, /) -> int:
            self.touch()
            return write(file, data)

        monkeypatch.setattr(DurableFile, "write", guarded)


@contextmanager
def no_file_grows() -> Iterator[None]:
    """The kernel refuses every write to a file of this process: databases, logs and objects alike."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
