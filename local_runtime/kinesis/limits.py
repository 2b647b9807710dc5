"""What may keep a record out of its shard: the shard's own limits, or a fault that a test injects.

https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

SHARD_BYTES_PER_SECOND = 1024 * 1024
SHARD_RECORDS_PER_SECOND = 1000


class Rejection(NamedTuple):
    code: str
    """ProvisionedThroughputExceededException or InternalFailure."""
    message: str


Admission = Callable[[str, str, int], Rejection | None]
"""`(stream, shard_id, bytes)` gives the reason to keep one record out, or None to let it in."""


@dataclass
class _Bucket:
    records: float
    bytes: float
    at: float


class ShardLimits:
    """1,000 records and 1 MiB a second for each shard, with one second's worth of burst.

    On AWS an on-demand stream adds shards as its traffic grows; here it keeps the four it starts with.
    """

    def __init__(self, account: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._account = account
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def __call__(self, stream: str, shard_id: str, size: int) -> Rejection | None:
        now = self._clock()
        full = _Bucket(SHARD_RECORDS_PER_SECOND, SHARD_BYTES_PER_SECOND, now)
        bucket = self._buckets.setdefault((stream, shard_id), full)
        elapsed, bucket.at = now - bucket.at, now
        bucket.records = min(full.records, bucket.records + elapsed * SHARD_RECORDS_PER_SECOND)
        bucket.bytes = min(full.bytes, bucket.bytes + elapsed * SHARD_BYTES_PER_SECOND)
        if bucket.records < 1 or bucket.bytes < size:
            return Rejection(
                "ProvisionedThroughputExceededException",
                f"Rate exceeded for shard {shard_id} in stream {stream} under account {self._account}.",
            )
        bucket.records -= 1
        bucket.bytes -= size
        return None
