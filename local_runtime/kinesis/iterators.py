"""Shard iterators: opaque to the client, good for five minutes.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from local_runtime.errors import AwsError
from local_runtime.kinesis.validation import invalid_argument

LIFETIME_SECONDS = 300
_VERSION = "1"


class ShardIterator(NamedTuple):
    stream: str
    shard_id: str
    after: int
    """The tick after which to read."""
    issued_ms: int

    def encode(self) -> str:
        return urlsafe_b64encode(" ".join((_VERSION, *map(str, self))).encode()).decode()

    @classmethod
    def decode(cls, token: str, now: float) -> ShardIterator:
        """The iterator that a client sent back.

        Raises:
            AwsError: InvalidArgumentException if it is foreign, ExpiredIteratorException if it is old.
        """
        try:
            version, stream, shard_id, after, issued_ms = (
                urlsafe_b64decode(token.encode("ascii")).decode().split(" ")
            )
            iterator = cls(stream, shard_id, int(after), int(issued_ms))
        except ValueError:
            raise invalid_argument("Invalid ShardIterator.") from None
        if version != _VERSION:
            raise invalid_argument("Invalid ShardIterator.")
        age_ms = int(now * 1000) - iterator.issued_ms
        if age_ms > LIFETIME_SECONDS * 1000:
            raise AwsError(
                "ExpiredIteratorException",
                f"Iterator expired. The iterator was created {age_ms} milliseconds ago, "
                f"which is more than the tolerated {LIFETIME_SECONDS * 1000} milliseconds.",
            )
        return iterator
