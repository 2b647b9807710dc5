"""ListStreams, DescribeStream, DescribeStreamSummary, ListShards and the small calls that consumers make.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from local_runtime.kinesis.model import Shard, Stream
from local_runtime.kinesis.validation import bounded, invalid_argument, serialization_error

_SHARD_QUOTA = 500
_ON_DEMAND_STREAM_QUOTA = 50


def list_streams(streams: list[Stream], request: dict[str, Any]) -> dict[str, Any]:
    limit = min(100, bounded(request, "Limit", "limit", 100, 10_000))
    token = request.get("NextToken")
    after = _text(request, "ExclusiveStartStreamName") if token is None else _from_token(token)
    rest = [stream for stream in streams if after is None or stream.name > after]
    page = rest[:limit]
    answer: dict[str, Any] = {
        "HasMoreStreams": len(rest) > limit,
        "StreamNames": [stream.name for stream in page],
        "StreamSummaries": [_summary(stream) for stream in page],
    }
    if len(rest) > limit:
        answer["NextToken"] = _to_token(page[-1].name)
    return answer


def _summary(stream: Stream) -> dict[str, Any]:
    return {
        "StreamName": stream.name,
        "StreamARN": stream.definition.arn,
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": stream.definition.mode},
        "StreamCreationTimestamp": round(stream.created, 3),
    }


def _description(stream: Stream) -> dict[str, Any]:
    definition = stream.definition
    encryption: dict[str, Any] = {"EncryptionType": definition.encryption}
    if definition.kms_key_id is not None:
        encryption["KeyId"] = definition.kms_key_id
    return {
        **_summary(stream),
        **encryption,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "RetentionPeriodHours": definition.retention_hours,
    }


def describe_stream(stream: Stream, request: dict[str, Any]) -> dict[str, Any]:
    limit = min(100, bounded(request, "Limit", "limit", 100, 10_000))
    after = _text(request, "ExclusiveStartShardId")
    rest = [shard for shard in stream.shards if after is None or shard.shard_id > after]
    return {
        "StreamDescription": {
            **_description(stream),
            "HasMoreShards": len(rest) > limit,
            "Shards": [_shard(shard) for shard in rest[:limit]],
        }
    }


def describe_stream_summary(stream: Stream) -> dict[str, Any]:
    return {
        "StreamDescriptionSummary": {
            **_description(stream),
            "ConsumerCount": 0,
            "MaxRecordSizeInKiB": stream.definition.max_record_kib,
            "OpenShardCount": len(stream.shards),
        }
    }


def list_shards_stream(request: dict[str, Any]) -> str | None:
    """The stream that a ListShards token stands for; such a call must not name the stream again."""
    token = request.get("NextToken")
    if token is None:
        return None
    if "StreamName" in request or "StreamARN" in request:
        raise invalid_argument("NextToken and StreamName cannot be provided together.")
    return _from_token(token).partition("/")[0]


def list_shards(stream: Stream, request: dict[str, Any]) -> dict[str, Any]:
    limit = bounded(request, "MaxResults", "maxResults", 1000, 10_000)
    token = request.get("NextToken")
    after = _text(request, "ExclusiveStartShardId") if token is None else _from_token(token).partition("/")[2]
    # Shards never close here, so every filter but this one means all of them.
    if token is None:
        after = _filtered_after(request, after)
    rest = [shard for shard in stream.shards if after is None or shard.shard_id > after]
    answer: dict[str, Any] = {"Shards": [_shard(shard) for shard in rest[:limit]]}
    if len(rest) > limit:
        answer["NextToken"] = _to_token(f"{stream.name}/{rest[limit - 1].shard_id}")
    return answer


def _filtered_after(request: dict[str, Any], after: str | None) -> str | None:
    shard_filter = request.get("ShardFilter")
    if shard_filter is None:
        return after
    if not isinstance(shard_filter, dict):
        raise serialization_error("ShardFilter", "an object", shard_filter)
    if shard_filter.get("Type") != "AFTER_SHARD_ID":
        return after
    return _text(shard_filter, "ShardId")


def _text(request: dict[str, Any], member: str) -> str | None:
    value = request.get(member)
    if value is not None and not isinstance(value, str):
        raise serialization_error(member, "a string", value)
    return value


def _shard(shard: Shard) -> dict[str, Any]:
    return {
        "ShardId": shard.shard_id,
        "HashKeyRange": {
            "StartingHashKey": str(shard.starting_hash_key),
            "EndingHashKey": str(shard.ending_hash_key),
        },
        "SequenceNumberRange": {"StartingSequenceNumber": shard.starting_sequence_number},
    }


def list_tags(stream: Stream) -> dict[str, Any]:
    tags = [{"Key": key, "Value": value} for key, value in sorted(stream.definition.tags.items())]
    return {"Tags": tags, "HasMoreTags": False}


def describe_limits(streams: list[Stream]) -> dict[str, Any]:
    return {
        "ShardLimit": _SHARD_QUOTA,
        "OpenShardCount": sum(len(stream.shards) for stream in streams),
        "OnDemandStreamCount": sum(stream.definition.mode == "ON_DEMAND" for stream in streams),
        "OnDemandStreamCountLimit": _ON_DEMAND_STREAM_QUOTA,
    }


def _to_token(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


def _from_token(token: object) -> str:
    try:
        return urlsafe_b64decode(str(token)).decode()
    except ValueError:
        raise invalid_argument("Invalid NextToken.") from None
