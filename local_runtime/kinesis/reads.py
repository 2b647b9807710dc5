"""GetShardIterator and GetRecords.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
"""

from __future__ import annotations

from binascii import b2a_base64
from typing import Any

from local_runtime.errors import AwsError
from local_runtime.kinesis.iterators import ShardIterator
from local_runtime.kinesis.model import Shard, Stream
from local_runtime.kinesis.sequence import parse_sequence_number, tick_at, time_of
from local_runtime.kinesis.store import MAX_READ_BYTES, MAX_READ_RECORDS, StreamStore
from local_runtime.kinesis.validation import (
    Violations,
    bounded,
    invalid_argument,
    required_text,
    serialization_error,
)

ITERATOR_TYPES = ("AFTER_SEQUENCE_NUMBER", "AT_SEQUENCE_NUMBER", "AT_TIMESTAMP", "LATEST", "TRIM_HORIZON")


def get_shard_iterator(
    store: StreamStore, stream: Stream, request: dict[str, Any], now: float
) -> dict[str, Any]:
    violations = Violations()
    shard_id = violations.text("shardId", request.get("ShardId"), 128)
    kind = violations.choice("shardIteratorType", request.get("ShardIteratorType"), ITERATOR_TYPES)
    violations.check()
    shard = _shard(stream, shard_id)
    after = _position(store, shard, kind, request, now)
    return {"ShardIterator": ShardIterator(stream.name, shard_id, after, int(now * 1000)).encode()}


def _shard(stream: Stream, shard_id: str) -> Shard:
    shard = stream.shard(shard_id)
    if shard is None:
        raise AwsError(
            "ResourceNotFoundException",
            f"Shard {shard_id} in stream {stream.name} "
            f"under account {stream.definition.account} does not exist",
        )
    return shard


def _position(store: StreamStore, shard: Shard, kind: str, request: dict[str, Any], now: float) -> int:
    match kind:
        case "TRIM_HORIZON":
            return 0
        case "LATEST":
            return store.latest_tick
        case "AT_TIMESTAMP":
            return _before(request.get("Timestamp"), now)
        case "AT_SEQUENCE_NUMBER":
            return _sequence_tick(shard, request) - 1
        case _:
            return _sequence_tick(shard, request)


def _before(timestamp: object, now: float) -> int:
    if timestamp is None:
        raise invalid_argument("Timestamp must be given for iterators of type AT_TIMESTAMP.")
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | float):
        raise serialization_error("Timestamp", "a number of seconds since 1970", timestamp)
    if timestamp > now:
        raise invalid_argument(f"The timestamp argument {timestamp} cannot be in the future.")
    return tick_at(timestamp) - 1


def _sequence_tick(shard: Shard, request: dict[str, Any]) -> int:
    number = request.get("StartingSequenceNumber")
    if number is None:
        raise invalid_argument(f"StartingSequenceNumber must be given for {request['ShardIteratorType']}.")
    try:
        tick, number_of_shard = parse_sequence_number(number)
    except (ValueError, TypeError):
        number_of_shard = -1
    if number_of_shard != shard.number:
        raise invalid_argument(
            f"StartingSequenceNumber {number} used in GetShardIterator on shard {shard.shard_id} is invalid."
        )
    return tick


def get_records(store: StreamStore, request: dict[str, Any], now: float) -> dict[str, Any]:
    limit = bounded(request, "Limit", "limit", MAX_READ_RECORDS, MAX_READ_RECORDS)
    iterator = ShardIterator.decode(required_text(request, "ShardIterator", "shardIterator", 512), now)
    stream = store.stream(iterator.stream)
    if stream is None:
        raise invalid_argument("Invalid ShardIterator.")
    shard = _shard(stream, iterator.shard_id)
    records = store.read_ticks(shard, iterator.after, limit, MAX_READ_BYTES)
    position = parse_sequence_number(records[-1].sequence_number)[0] if records else iterator.after
    return {
        "Records": [
            {
                "SequenceNumber": record.sequence_number,
                "ApproximateArrivalTimestamp": record.arrival,
                "Data": b2a_base64(record.data, newline=False).decode(),
                "PartitionKey": record.partition_key,
                "EncryptionType": stream.definition.encryption,
            }
            for record in records
        ],
        "NextShardIterator": iterator._replace(after=position, issued_ms=int(now * 1000)).encode(),
        "MillisBehindLatest": _millis_behind(store, shard, position, now),
    }


def _millis_behind(store: StreamStore, shard: Shard, position: int, now: float) -> int:
    newest = store.newest_tick(shard)
    if newest is None or newest <= position:
        return 0
    return max(0, int((now - time_of(position)) * 1000)) if position else 0
