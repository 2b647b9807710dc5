"""Streams, shards and records as the store knows them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesis-stream.html
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import md5
from typing import Any, Literal, NamedTuple

from local_runtime.assembly.model import Resource
from local_runtime.errors import UnsupportedResourceError
from local_runtime.kinesis.sequence import sequence_number

HASH_KEYS = 2**128
ON_DEMAND_SHARDS = 4
"""An on-demand stream starts with 4 MB/s of writes, a shard's worth each."""

StreamMode = Literal["ON_DEMAND", "PROVISIONED"]


@dataclass(frozen=True)
class StreamDefinition:
    """What a template says of a stream."""

    name: str
    arn: str
    shard_count: int = ON_DEMAND_SHARDS
    retention_hours: int = 24
    mode: StreamMode = "ON_DEMAND"
    kms_key_id: str | None = None
    max_record_kib: int = 1024
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def encryption(self) -> Literal["KMS", "NONE"]:
        return "NONE" if self.kms_key_id is None else "KMS"

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_resource(cls, resource: Resource) -> StreamDefinition:
        """The definition in an `AWS::Kinesis::Stream`."""
        given = resource.properties
        if given.get("RecordDistributionStrategy", "USER_PARTITION_KEY") != "USER_PARTITION_KEY":
            raise UnsupportedResourceError(
                resource.type,
                resource.stack,
                resource.logical_id,
                "RecordDistributionStrategy must be USER_PARTITION_KEY",
            )
        on_demand = given.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED") == "ON_DEMAND"
        return cls(
            name=resource.physical_id,
            arn=resource.arn,
            shard_count=ON_DEMAND_SHARDS if on_demand else int(given.get("ShardCount", 1)),
            retention_hours=int(given.get("RetentionPeriodHours", 24)),
            mode="ON_DEMAND" if on_demand else "PROVISIONED",
            kms_key_id=given.get("StreamEncryption", {}).get("KeyId"),
            max_record_kib=int(given.get("MaxRecordSizeInKiB", 1024)),
            tags={tag["Key"]: tag["Value"] for tag in given.get("Tags", ())},
        )


@lru_cache(maxsize=1024)
def _shard_id(number: int) -> str:
    return f"shardId-{number:012d}"


class Shard(NamedTuple):
    """An open shard; shards are never split or merged here."""

    key: int
    """The shard's number in the store, over all streams."""
    number: int
    starting_hash_key: int
    ending_hash_key: int
    first_tick: int

    @property
    def shard_id(self) -> str:
        return _shard_id(self.number)

    @property
    def starting_sequence_number(self) -> str:
        return sequence_number(self.first_tick, self.number)


class StoredRecord(NamedTuple):
    sequence_number: str
    partition_key: str
    data: bytes
    arrival: float
    """Epoch seconds."""


class Backlog(NamedTuple):
    """What a consumer has not read yet."""

    records: int
    bytes: int
    oldest_arrival: float | None


class Totals(NamedTuple):
    """Everything that was ever put to a stream, trimmed records included."""

    records: int
    bytes: int


@dataclass(frozen=True)
class Stream:
    """A stream of the store, with its shards in the order of their hash keys."""

    definition: StreamDefinition
    created: float
    shards: tuple[Shard, ...]
    starts: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.definition.name

    def shard_for_hash_key(self, hash_key: int) -> Shard:
        return self.shards[bisect_right(self.starts, hash_key) - 1]

    def shard_for(self, partition_key: bytes) -> Shard:
        """The shard whose range holds the MD5 of the partition key's UTF-8."""
        digest = md5(partition_key, usedforsecurity=False).digest()
        return self.shards[bisect_right(self.starts, int.from_bytes(digest, "big")) - 1]

    def shard(self, shard_id: str) -> Shard | None:
        return next((shard for shard in self.shards if shard.shard_id == shard_id), None)


def hash_key_ranges(shard_count: int) -> list[tuple[int, int]]:
    """The hash keys divided evenly, the last shard taking the remainder."""
    width = HASH_KEYS // shard_count
    starts = [index * width for index in range(shard_count)]
    return list(zip(starts, [*(start - 1 for start in starts[1:]), HASH_KEYS - 1], strict=True))
