"""Files that appear whole or not at all: written under another name, forced to disk, then renamed."""

from __future__ import annotations

import io
import os
import shutil
import uuid
from pathlib import Path
from types import TracebackType

from typing_extensions import Buffer


class DurableFile(io.FileIO):
    """A binary file that takes its name when it is closed; an exception in its `with` block discards it.

    Unbuffered: Parquet and Avro writers hand over whole blocks.

    Args:
        temporaries: where the file is until it is complete, on the same file system; any name beside `path`
            could be an object's own.
    """

    def __init__(self, path: Path, temporaries: Path) -> None:
        make_directory(path.parent)
        make_directory(temporaries)
        self._path = path
        self._temporary = temporaries / uuid.uuid4().hex
        self._complete = True
        super().__init__(str(self._temporary), "wb")

    def write(self, data: Buffer, /) -> int:
        """Write all of it: an unbuffered file may take less than it is given, and writers do not look."""
        remaining = memoryview(data).cast("B")
        size = len(remaining)
        while remaining:
            remaining = remaining[super().write(remaining) :]
        return size

    def close(self) -> None:
        if self.closed:
            return
        try:
            if self._complete:
                os.fsync(self.fileno())
        except OSError:  # the disk is full or broken: what is there is not the file
            self._complete = False
            raise
        finally:
            super().close()
            if not self._complete:
                self._temporary.unlink(missing_ok=True)
        if self._complete:
            self._take_name()

    def _take_name(self) -> None:
        try:
            self._temporary.replace(self._path)
        except OSError:  # the folder is gone, or the name is a folder's
            self._temporary.unlink(missing_ok=True)
            raise
        sync_directory(self._path.parent)

    def discard(self) -> None:
        """Close without taking the name."""
        self._complete = False
        self.close()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        # A file that nobody closed was never finished: without this, garbage collection would publish it.
        if not self.closed:
            self.discard()


def make_directory(directory: Path) -> None:
    """Make a directory and its parents, each entry forced to disk."""
    if directory.is_dir():
        return
    make_directory(directory.parent)
    directory.mkdir(exist_ok=True)
    sync_directory(directory.parent)


def sync_directory(directory: Path) -> None:
    """Force a directory's entries to disk: a rename is durable only after this."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard_unfinished(temporaries: Path) -> int:
    """Remove the files that a killed process was writing; how many there were."""
    if not temporaries.is_dir():
        return 0
    count = len(list(temporaries.iterdir()))
    shutil.rmtree(temporaries)
    return count
