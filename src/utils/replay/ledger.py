"""What has been put back, kept beside the errors: claimed before the put, marked after it.

docs/decisions/0061-replay-once.md
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import msgspec

from src.utils.aws.errors import BadInputError

from .bucket import Bucket, ChangedError

LEASE_SECONDS = 120.0
READERS = 16


class Batch(msgspec.Struct, frozen=True):
    """The records of one PutRecords: their partition keys in the stream are `{id}-{index}`.

    `put` is None while nobody has confirmed which of `keys` are in the stream.
    """

    id: str
    stream: str
    claimed_at: float
    keys: tuple[str, ...]
    put: tuple[str, ...] | None = None

    def partition_key(self, index: int) -> str:
        return f"{self.id}-{index}"


class _Lease(msgspec.Struct, frozen=True):
    host: str
    pid: int
    until: float


class Ledger:
    """The ledger under `prefix`; one replay at a time writes it."""

    def __init__(self, bucket: Bucket, prefix: str, clock: Callable[[], float] = time.time) -> None:
        self._bucket = bucket
        self._batches = f"{prefix}batches/"
        self._lock = f"{prefix}lock.json"
        self._clock = clock
        self._lease = b""
        self._renew_at = 0.0
        self.put_keys: set[str] = set()
        """The keys of all records that are in the stream."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the ledger alone.

        Raises:
            BadInputError: another replay holds it.
        """
        self._acquire()
        try:
            yield
        finally:
            self._bucket.delete(self._lock)

    def _acquire(self) -> None:
        found = self._bucket.get(self._lock)
        if found is not None:
            holder = msgspec.json.decode(found, type=_Lease)
            if holder.until > self._clock() and not _has_ended(holder):
                left = int(holder.until - self._clock()) + 1
                raise BadInputError(
                    f"a replay is under way (pid {holder.pid} on {holder.host});"
                    f" if it is not, try again in {left} s"
                )
        self._write_lease(found)

    def _write_lease(self, expected: bytes | None) -> None:
        now = self._clock()
        lease = msgspec.json.encode(_Lease(socket.gethostname(), os.getpid(), now + LEASE_SECONDS))
        try:
            self._bucket.put_if(self._lock, lease, expected)
        except ChangedError:
            raise BadInputError("another replay has taken the ledger just now") from None
        self._lease, self._renew_at = lease, now + LEASE_SECONDS / 4

    def open_batches(self) -> list[Batch]:
        """Read the ledger; the batches of which nobody knows whether they were put."""
        names = list(self._bucket.keys(self._batches))
        with ThreadPoolExecutor(READERS) as pool:
            found = [data for data in pool.map(self._bucket.get, names) if data is not None]
        batches = [msgspec.json.decode(data, type=Batch) for data in found]
        self.put_keys = {key for batch in batches for key in batch.put or ()}
        return [batch for batch in batches if batch.put is None]

    def claim(self, stream: str, keys: Collection[str]) -> Batch:
        """Say that these records are about to be put; on disk when it returns."""
        if self._clock() >= self._renew_at:
            self._write_lease(self._lease)
        batch = Batch(uuid.uuid4().hex, stream, self._clock(), tuple(keys))
        self._write(batch)
        return batch

    def confirm(self, batch: Batch, indexes: Collection[int]) -> None:
        """Say which records of a batch are in the stream."""
        put = tuple(batch.keys[index] for index in sorted(indexes))
        self._write(msgspec.structs.replace(batch, put=put))
        self.put_keys.update(put)

    def _write(self, batch: Batch) -> None:
        self._bucket.put(f"{self._batches}{batch.id}.json", msgspec.json.encode(batch))


def _has_ended(holder: _Lease) -> bool:
    if holder.host != socket.gethostname():
        return False
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
