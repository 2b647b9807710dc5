"""The Firehose API over real Direct PUT buffers."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import AwsError
from local_runtime.firehose.direct_put import SHARD_ID, DirectPut, DirectPutStore
from local_runtime.services.firehose import FirehoseService

ARN = "arn:aws:firehose:us-east-1:123456789012:deliverystream"
SOURCE = {
    "DeliveryStreamType": "KinesisStreamAsSource",
    "KinesisStreamSourceConfiguration": {"KinesisStreamARN": "arn:stream", "RoleARN": "arn:role"},
    "IcebergDestinationConfiguration": {"RoleARN": "arn:role", "S3Configuration": {"BucketARN": "arn:b"}},
}


def stream(name: str, properties: dict[str, Any]) -> Resource:
    kind = "AWS::KinesisFirehose::DeliveryStream"
    return Resource("Stack", name, kind, properties, name, {"Arn": f"{ARN}/{name}"})


@pytest.fixture
def buffer(tmp_path: Path) -> Iterator[DirectPut]:
    store = DirectPutStore(tmp_path / "direct.db")
    yield DirectPut(store, "direct")
    store.close()


@pytest.fixture
def service(tmp_path: Path, buffer: DirectPut) -> FirehoseService:
    resources = (stream("direct", {"ExtendedS3DestinationConfiguration": {}}), stream("source", SOURCE))
    assembly = Assembly(tmp_path, "aws", "us-east-1", "123456789012", resources, {}, {})
    return FirehoseService(assembly, {"direct": buffer})


def record(data: bytes) -> dict[str, str]:
    return {"Data": b64encode(data).decode()}


def test_records_are_buffered_in_order_before_they_are_acknowledged(
    service: FirehoseService, buffer: DirectPut
) -> None:
    one = service("PutRecord", {"DeliveryStreamName": "direct", "Record": record(b"1")})
    many = service(
        "PutRecordBatch", {"DeliveryStreamName": "direct", "Records": [record(b"2"), record(b"3")]}
    )

    assert many["FailedPutCount"] == 0
    ids = [one["RecordId"], *(item["RecordId"] for item in many["RequestResponses"])]
    assert len(set(ids)) == 3
    assert [item.data for item in buffer.read(SHARD_ID, None, 10, 1000)] == [b"1", b"2", b"3"]


def test_streams_are_described_as_their_templates_say(service: FirehoseService) -> None:
    described = service("DescribeDeliveryStream", {"DeliveryStreamName": "source"})
    description = described["DeliveryStreamDescription"]
    assert description["DeliveryStreamType"] == "KinesisStreamAsSource"
    source = description["Source"]["KinesisStreamSourceDescription"]
    assert source == {"KinesisStreamARN": "arn:stream", "RoleARN": "arn:role"}
    iceberg = description["Destinations"][0]["IcebergDestinationDescription"]
    assert iceberg == {"RoleARN": "arn:role", "S3DestinationDescription": {"BucketARN": "arn:b"}}


def test_streams_are_listed_by_kind_and_page(service: FirehoseService) -> None:
    listed = service("ListDeliveryStreams", {"Limit": 1})
    assert listed == {"DeliveryStreamNames": ["direct"], "HasMoreDeliveryStreams": True}
    after = service("ListDeliveryStreams", {"ExclusiveStartDeliveryStreamName": "direct"})
    assert after == {"DeliveryStreamNames": ["source"], "HasMoreDeliveryStreams": False}
    assert service("ListDeliveryStreams", {"DeliveryStreamType": "DirectPut"})["DeliveryStreamNames"] == [
        "direct"
    ]


@pytest.mark.parametrize(
    ("action", "request_", "code"),
    [
        ("PutRecord", {"DeliveryStreamName": "source", "Record": record(b"x")}, "InvalidArgumentException"),
        ("PutRecord", {"DeliveryStreamName": "none", "Record": record(b"x")}, "ResourceNotFoundException"),
        ("PutRecord", {"DeliveryStreamName": "direct"}, "ValidationException"),
        ("PutRecord", {"DeliveryStreamName": "direct", "Record": {"Data": "%"}}, "SerializationException"),
        ("PutRecordBatch", {"DeliveryStreamName": "direct", "Records": []}, "InvalidArgumentException"),
        ("PutRecordBatch", {"DeliveryStreamName": "direct"}, "ValidationException"),
        ("ListDeliveryStreams", {"Limit": 0}, "ValidationException"),
        ("CreateDeliveryStream", {}, "UnknownOperationException"),
    ],
)
def test_requests_that_firehose_refuses(
    service: FirehoseService, action: str, request_: dict[str, Any], code: str
) -> None:
    with pytest.raises(AwsError) as caught:
        service(action, request_)
    assert caught.value.code == code
