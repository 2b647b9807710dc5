"""PutRecord and PutRecords: answers, limits and partial failures."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from local_runtime.errors import AwsError
from local_runtime.kinesis.limits import Rejection
from local_runtime.kinesis.model import HASH_KEYS
from local_runtime.kinesis.service import KinesisService
from local_runtime.kinesis.store import StreamStore

DATA = b64encode(b"hello").decode()


def entry(key: str = "key", data: bytes = b"hello", **more: object) -> dict[str, Any]:
    return {"Data": b64encode(data).decode(), "PartitionKey": key, **more}


def refusal(kinesis: KinesisService, action: str, **request: object) -> AwsError:
    with pytest.raises(AwsError) as caught:
        kinesis(action, dict(request))
    return caught.value


def stored(store: StreamStore) -> int:
    return store.totals("web").records


def test_put_record_answers_where_the_record_is(kinesis: KinesisService, store: StreamStore) -> None:
    answer = kinesis("PutRecord", {"StreamName": "web", **entry(data=b"\x00\xff")})

    assert set(answer) == {"ShardId", "SequenceNumber", "EncryptionType"}
    [record] = store.read("web", answer["ShardId"], None)
    assert (record.sequence_number, record.data) == (answer["SequenceNumber"], b"\x00\xff")


def test_put_records_answers_in_the_order_of_the_request(kinesis: KinesisService, store: StreamStore) -> None:
    records = [entry(f"user-{index}", str(index).encode()) for index in range(500)]

    answer = kinesis(
        "PutRecords", {"StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/web", "Records": records}
    )

    assert answer["FailedRecordCount"] == 0
    for index, place in enumerate(answer["Records"]):
        before = str(int(place["SequenceNumber"]) - 1).zfill(56)
        found = [
            record for record in store.read("web", place["ShardId"], None) if record.sequence_number > before
        ]
        assert found[0].data == str(index).encode()
    assert len({place["ShardId"] for place in answer["Records"]}) == 4


def test_empty_data_is_a_record(kinesis: KinesisService, store: StreamStore) -> None:
    kinesis("PutRecord", {"StreamName": "web", "Data": "", "PartitionKey": "a"})
    assert stored(store) == 1


@pytest.mark.parametrize(("hash_key", "shard"), [("0", 0), (str(HASH_KEYS - 1), 3), (str(HASH_KEYS // 2), 2)])
def test_explicit_hash_key_overrides_the_partition_key(
    kinesis: KinesisService, hash_key: str, shard: int
) -> None:
    answer = kinesis("PutRecord", {"StreamName": "web", **entry(ExplicitHashKey=hash_key)})
    assert answer["ShardId"] == f"shardId-{shard:012d}"


@pytest.mark.parametrize(
    ("records", "code", "message"),
    [
        (
            [],
            "ValidationException",
            "'records' failed to satisfy constraint: Member must have length greater",
        ),
        ([entry()] * 501, "ValidationException", "Member must have length less than or equal to 500"),
        (None, "ValidationException", "Value null at 'records' failed"),
        ("text", "SerializationException", "Records must be a list, not a string"),
        (["text"], "SerializationException", "records.1.member must be an object, not a string"),
        (
            [entry(), {"Data": DATA}],
            "ValidationException",
            "Value null at 'records.2.member.partitionKey' failed",
        ),
        ([entry("")], "ValidationException", "must have length greater than or equal to 1"),
        ([entry("x" * 257)], "ValidationException", "must have length less than or equal to 256"),
        ([{"PartitionKey": "a"}], "ValidationException", "Value null at 'records.1.member.data' failed"),
        (
            [{"PartitionKey": "a", "Data": "%%%"}],
            "SerializationException",
            "records.1.member.data is not valid base64",
        ),
        ([{"PartitionKey": "a", "Data": "aGk"}], "SerializationException", "is not valid base64"),
        ([{"PartitionKey": "a", "Data": "é"}], "SerializationException", "is not valid base64"),
        (
            [{"PartitionKey": "a", "Data": {"a": 1}}],
            "SerializationException",
            "a base64 string, not an object",
        ),
        ([{"PartitionKey": 7, "Data": DATA}], "SerializationException", "must be a string, not a number"),
        ([{"PartitionKey": "\ud800", "Data": DATA}], "SerializationException", "is not valid Unicode"),
        ([entry("", b""), {}], "ValidationException", "2 validation errors detected: "),
        ([entry("k", b"x" * 1024**2)], "ValidationException", "less than or equal to 1048576"),
        (
            [entry("k", b"x" * 1000**2)] * 11,
            "InvalidArgumentException",
            "exceeds the limit of 10485760 bytes",
        ),
        ([entry(ExplicitHashKey=str(HASH_KEYS))], "InvalidArgumentException", "Invalid ExplicitHashKey"),
        ([entry(ExplicitHashKey="-1")], "ValidationException", "regular expression pattern"),
    ],
)
def test_a_batch_with_a_bad_member_is_refused_whole(
    kinesis: KinesisService, store: StreamStore, records: object, code: str, message: str
) -> None:
    error = refusal(kinesis, "PutRecords", StreamName="web", Records=records)

    assert (error.code, error.status) == (code, 400)
    assert message in error.message
    assert stored(store) == 0


def test_a_record_of_exactly_one_mebibyte_with_its_key_is_taken(
    kinesis: KinesisService, store: StreamStore
) -> None:
    kinesis("PutRecords", {"StreamName": "web", "Records": [entry("k", b"x" * (1024**2 - 1))]})
    assert stored(store) == 1


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (
            {"StreamName": "nope"},
            "ResourceNotFoundException",
            "Stream nope under account 123456789012 not found.",
        ),
        ({"StreamName": "a b"}, "ValidationException", "[a-zA-Z0-9_.-]+"),
        ({"StreamName": 7}, "SerializationException", "streamName must be a string, not a number"),
        ({}, "InvalidArgumentException", "Either StreamName or StreamARN must be given."),
        (
            {"StreamName": "web", "StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/other"},
            "InvalidArgumentException",
            "name different streams",
        ),
    ],
)
def test_a_stream_that_cannot_be_meant_is_refused(
    kinesis: KinesisService, request_: dict[str, Any], code: str, message: str
) -> None:
    error = refusal(kinesis, "PutRecord", **request_, **entry())
    assert error.code == code
    assert message in error.message


def test_records_beyond_a_shards_rate_fail_alone(store: StreamStore) -> None:
    kinesis = KinesisService(store, enforce_limits=True)
    # One shard of the four takes 1 MiB in a second: of three records of 400 KiB the third has to wait.
    records = [entry("same", b"x" * 400 * 1024) for _ in range(3)]

    answer = kinesis("PutRecords", {"StreamName": "web", "Records": records})

    assert answer["FailedRecordCount"] == 1
    assert set(answer["Records"][0]) == {"SequenceNumber", "ShardId"}
    assert answer["Records"][2]["ErrorCode"] == "ProvisionedThroughputExceededException"
    assert "Rate exceeded for shard shardId-" in answer["Records"][2]["ErrorMessage"]
    assert stored(store) == 2
    error = refusal(kinesis, "PutRecord", StreamName="web", **records[0])
    assert (error.code, error.status) == ("ProvisionedThroughputExceededException", 400)


def test_an_injected_fault_fails_the_records_it_names(store: StreamStore) -> None:
    def fault(stream: str, shard_id: str, size: int) -> Rejection | None:
        return Rejection("InternalFailure", f"{stream} {shard_id} {size}") if size > 5 else None

    kinesis = KinesisService(store, fault=fault)

    answer = kinesis(
        "PutRecords", {"StreamName": "web", "Records": [entry("a", b"123456"), entry("a", b"1")]}
    )

    assert answer["FailedRecordCount"] == 1
    assert answer["Records"][0]["ErrorCode"] == "InternalFailure"
    assert stored(store) == 1
    assert refusal(kinesis, "PutRecord", StreamName="web", **entry("a", b"123456")).status == 500


def test_a_store_that_cannot_write_is_a_server_error(kinesis: KinesisService, store: StreamStore) -> None:
    store.close()

    error = refusal(kinesis, "PutRecord", StreamName="web", **entry())

    assert (error.code, error.status) == ("InternalFailure", 500)
