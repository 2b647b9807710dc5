"""An append-only file of measurements: each is in the kernel's hands at once, so `kill -9` loses none.

The store folds it into its database every few seconds and notes how far in the same transaction.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

Entry = tuple[float, str, tuple[tuple[str, str], ...], tuple[tuple[str, str, float, float], ...]]
"""Time, namespace, dimensions, and (name, unit, value, count) of each metric."""

_ROTATE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Position:
    generation: int
    offset: int


class Journal:
    """One file at a time, numbered; the owner's lock guards every call. Each run begins a new one."""

    def __init__(self, folder: Path, generation: int) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._open(generation)

    def _open(self, generation: int) -> None:
        self._generation = generation
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._descriptor = os.open(_file(self._folder, generation), flags, 0o644)
        self._offset = os.fstat(self._descriptor).st_size

    def append(self, entry: Entry) -> None:
        """
        Raises:
            OSError: it could not be written whole, and nothing of it is left.
        """
        line = orjson.dumps(entry) + b"\n"
        written = os.write(self._descriptor, line)
        if written < len(line):
            os.ftruncate(self._descriptor, self._offset)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._offset += written

    def position(self) -> Position:
        """Where the next entry goes; a file that has become long gives way to a new one first."""
        if self._offset > _ROTATE_BYTES:
            os.close(self._descriptor)
            self._open(self._generation + 1)
        return Position(self._generation, self._offset)

    def remove_before(self, position: Position) -> None:
        for path in self._folder.glob("*.journal"):
            if int(path.stem) < position.generation:
                path.unlink()

    def close(self) -> None:
        os.close(self._descriptor)


def replay(folder: Path, position: Position) -> Iterator[tuple[Entry, Position]]:
    """The entries from a position on, each with the position after it."""
    generation, offset = position.generation, position.offset
    while (path := _file(folder, generation)).exists():
        with path.open("rb") as file:
            file.seek(offset)
            for line in file:
                offset += len(line)
                if line.endswith(b"\n"):  # a full disk may have cut the last one off
                    time, namespace, dimensions, values = orjson.loads(line)
                    pairs = tuple((name, value) for name, value in dimensions)
                    yield (time, namespace, pairs, tuple(map(tuple, values))), Position(generation, offset)
        generation, offset = generation + 1, 0


def _file(folder: Path, generation: int) -> Path:
    return folder / f"{generation:08d}.journal"
