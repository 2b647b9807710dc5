"""Iterators, GetRecords and what describes a stream."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, Protocol

import pytest

from local_runtime.errors import AwsError
from local_runtime.kinesis.model import StreamDefinition
from local_runtime.kinesis.service import KinesisService
from local_runtime.kinesis.store import StreamStore

SHARD = "shardId-000000000000"


class Clock(Protocol):
    now: float


@pytest.fixture(autouse=True)
def one_shard(store: StreamStore) -> None:
    store.ensure_stream(
        StreamDefinition("one", "arn:aws:kinesis:us-east-1:123456789012:stream/one", shard_count=1)
    )


def iterator(kinesis: KinesisService, kind: str, **more: object) -> str:
    request = {"StreamName": "one", "ShardId": SHARD, "ShardIteratorType": kind, **more}
    return str(kinesis("GetShardIterator", request)["ShardIterator"])


def read(kinesis: KinesisService, token: str, **more: object) -> list[str]:
    answer = kinesis("GetRecords", {"ShardIterator": token, **more})
    return [b64decode(record["Data"]).decode() for record in answer["Records"]]


def refusal(kinesis: KinesisService, action: str, **request: object) -> AwsError:
    with pytest.raises(AwsError) as caught:
        kinesis(action, dict(request))
    return caught.value


def test_each_type_of_iterator_starts_where_it_says(
    kinesis: KinesisService, store: StreamStore, clock: Clock
) -> None:
    numbers = []
    for data in (b"0", b"1", b"2"):
        numbers.append(store.put("one", "a", data))
        clock.now += 10
    latest = iterator(kinesis, "LATEST")
    store.put("one", "a", b"3")

    assert read(kinesis, iterator(kinesis, "TRIM_HORIZON")) == ["0", "1", "2", "3"]
    assert read(kinesis, latest) == ["3"]
    assert read(kinesis, iterator(kinesis, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1])) == [
        "1",
        "2",
        "3",
    ]
    assert read(kinesis, iterator(kinesis, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1])) == [
        "2",
        "3",
    ]
    assert read(kinesis, iterator(kinesis, "AT_TIMESTAMP", Timestamp=clock.now - 20)) == ["1", "2", "3"]
    assert read(kinesis, iterator(kinesis, "AT_TIMESTAMP", Timestamp=clock.now - 19)) == ["2", "3"]


def test_a_consumer_pages_through_a_shard_and_knows_how_far_behind_it_is(
    kinesis: KinesisService, store: StreamStore, clock: Clock
) -> None:
    put_at = clock.now
    for data in (b"0", b"1", b"2"):
        store.put("one", "key", data)
    clock.now += 7

    first = kinesis("GetRecords", {"ShardIterator": iterator(kinesis, "TRIM_HORIZON"), "Limit": 2})
    second = kinesis("GetRecords", {"ShardIterator": first["NextShardIterator"], "Limit": 2})
    third = kinesis("GetRecords", {"ShardIterator": second["NextShardIterator"]})

    assert [len(page["Records"]) for page in (first, second, third)] == [2, 1, 0]
    assert [page["MillisBehindLatest"] for page in (first, second, third)] == [7000, 0, 0]
    assert first["Records"][0]["ApproximateArrivalTimestamp"] == put_at
    assert first["Records"][0]["PartitionKey"] == "key"
    store.put("one", "key", b"3")
    assert read(kinesis, third["NextShardIterator"]) == ["3"]


def test_iterator_expires_after_five_minutes(kinesis: KinesisService, clock: Clock) -> None:
    token = iterator(kinesis, "TRIM_HORIZON")
    clock.now += 300
    renewed = kinesis("GetRecords", {"ShardIterator": token})["NextShardIterator"]

    clock.now += 1
    assert refusal(kinesis, "GetRecords", ShardIterator=token).code == "ExpiredIteratorException"
    assert read(kinesis, renewed) == []


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        ({"ShardIterator": "nonsense"}, "InvalidArgumentException", "Invalid ShardIterator."),
        ({"ShardIterator": "MSAy"}, "InvalidArgumentException", "Invalid ShardIterator."),
        ({"ShardIterator": "é"}, "InvalidArgumentException", "Invalid ShardIterator."),
        ({}, "ValidationException", "Value null at 'shardIterator' failed"),
        ({"ShardIterator": "MSAy", "Limit": 10_001}, "ValidationException", "less than or equal to 10000"),
        ({"ShardIterator": "MSAy", "Limit": "5"}, "SerializationException", "limit must be a whole number"),
    ],
)
def test_get_records_refuses_what_it_cannot_read(
    kinesis: KinesisService, request_: dict[str, Any], code: str, message: str
) -> None:
    error = refusal(kinesis, "GetRecords", **request_)
    assert error.code == code
    assert message in error.message


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (
            {"ShardIteratorType": "OLDEST"},
            "ValidationException",
            "[AFTER_SEQUENCE_NUMBER, AT_SEQUENCE_NUMBER, ",
        ),
        ({}, "ValidationException", "Value null at 'shardIteratorType' failed"),
        (
            {"ShardIteratorType": "LATEST", "ShardId": "shardId-000000000009"},
            "ResourceNotFoundException",
            "does not exist",
        ),
        ({"ShardIteratorType": "AT_TIMESTAMP"}, "InvalidArgumentException", "Timestamp must be given"),
        (
            {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 4e9},
            "InvalidArgumentException",
            "in the future",
        ),
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER"}, "InvalidArgumentException", "must be given"),
        (
            {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "12"},
            "InvalidArgumentException",
            "StartingSequenceNumber 12 used in GetShardIterator on shard shardId-000000000000 is invalid.",
        ),
    ],
)
def test_get_shard_iterator_refuses_what_names_no_place(
    kinesis: KinesisService, request_: dict[str, Any], code: str, message: str
) -> None:
    error = refusal(kinesis, "GetShardIterator", **{"StreamName": "one", "ShardId": SHARD, **request_})
    assert error.code == code
    assert message in error.message


def test_streams_are_listed_in_pages(kinesis: KinesisService) -> None:
    first = kinesis("ListStreams", {"Limit": 1})
    second = kinesis("ListStreams", {"Limit": 1, "NextToken": first["NextToken"]})

    assert (first["StreamNames"], first["HasMoreStreams"]) == (["one"], True)
    assert (second["StreamNames"], second["HasMoreStreams"]) == (["web"], False)
    assert "NextToken" not in second
    assert kinesis("ListStreams", {"ExclusiveStartStreamName": "one"})["StreamNames"] == ["web"]
    assert second["StreamSummaries"][0]["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}


def test_stream_is_described_with_its_shards(kinesis: KinesisService, clock: Clock) -> None:
    stream = kinesis("DescribeStream", {"StreamName": "web"})["StreamDescription"]
    assert stream["StreamStatus"] == "ACTIVE"
    assert stream["RetentionPeriodHours"] == 24
    assert stream["StreamCreationTimestamp"] == clock.now
    assert (len(stream["Shards"]), stream["HasMoreShards"]) == (4, False)

    page = kinesis("DescribeStream", {"StreamName": "web", "Limit": 2, "ExclusiveStartShardId": SHARD})
    assert [shard["ShardId"][-1] for shard in page["StreamDescription"]["Shards"]] == ["1", "2"]
    assert page["StreamDescription"]["HasMoreShards"]

    summary = kinesis("DescribeStreamSummary", {"StreamName": "web"})["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["StreamName"]) == (4, "web")


def test_shards_are_listed_in_pages_by_a_token_that_stands_for_the_stream(kinesis: KinesisService) -> None:
    first = kinesis("ListShards", {"StreamName": "web", "MaxResults": 3})
    second = kinesis("ListShards", {"NextToken": first["NextToken"], "MaxResults": 3})

    assert [shard["ShardId"][-1] for shard in first["Shards"] + second["Shards"]] == ["0", "1", "2", "3"]
    assert "NextToken" not in second
    both = refusal(kinesis, "ListShards", StreamName="web", NextToken=first["NextToken"])
    assert both.code == "InvalidArgumentException"
    after = kinesis(
        "ListShards", {"StreamName": "web", "ShardFilter": {"Type": "AFTER_SHARD_ID", "ShardId": SHARD}}
    )
    assert len(after["Shards"]) == 3


def test_an_action_that_is_not_run_is_named(kinesis: KinesisService) -> None:
    error = refusal(kinesis, "CreateStream", StreamName="x")
    assert (error.code, error.status) == ("UnknownOperationException", 400)
    assert "Kinesis CreateStream is not run here" in error.message
