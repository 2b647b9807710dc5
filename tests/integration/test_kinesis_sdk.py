"""boto3 against the wire: the SDK puts, lists and reads back, and understands every refusal."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
import uvicorn
from botocore.config import Config
from botocore.exceptions import ClientError

from local_runtime.kinesis.limits import Rejection
from local_runtime.kinesis.model import StreamDefinition
from local_runtime.kinesis.service import KinesisService
from local_runtime.kinesis.store import StreamStore
from local_runtime.wire.endpoint import AwsJsonEndpoint

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/web"
POISON = 7777


def poisoned(stream: str, shard_id: str, size: int) -> Rejection | None:
    """Throttles records of one size, so that a batch can fail in part."""
    return Rejection("ProvisionedThroughputExceededException", "Rate exceeded") if size == POISON else None


@pytest.fixture(scope="module")
def endpoint_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    store = StreamStore(Path(tmp_path_factory.mktemp("state")) / "kinesis.db")
    store.ensure_stream(StreamDefinition("web", ARN))
    app = AwsJsonEndpoint({"Kinesis_20131202": KinesisService(store, fault=poisoned)})
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_level="warning")
    )
    listener = server.config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:  # until then the port is bound, but nobody listens
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()
    store.close()


def client(service: str, endpoint_url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"max_attempts": 0}),
    )


@pytest.fixture(scope="module")
def kinesis(endpoint_url: str) -> Iterator[Any]:
    kinesis = client("kinesis", endpoint_url)
    yield kinesis
    kinesis.close()


def test_sdk_speaks_json_to_kinesis() -> None:
    """A newer botocore may prefer CBOR; then this endpoint has to learn it."""
    model = botocore.session.get_session().get_service_model("kinesis")
    assert model.resolved_protocol == "json"


def test_records_come_back_by_iterator_as_they_were_put(kinesis: Any) -> None:
    assert kinesis.list_streams()["StreamNames"] == ["web"]
    kinesis.get_waiter("stream_exists").wait(StreamName="web")
    sent = {f"user-ü-{index}": bytes([index % 256]) * index for index in range(300)}

    single = kinesis.put_record(StreamName="web", PartitionKey="single", Data=b'{"a": "\xc3\xbc"}\n')
    batch = kinesis.put_records(
        StreamARN=ARN, Records=[{"PartitionKey": key, "Data": data} for key, data in sent.items()]
    )

    assert batch["FailedRecordCount"] == 0
    received: dict[str, bytes] = {}
    for shard in kinesis.list_shards(StreamName="web")["Shards"]:
        token = kinesis.get_shard_iterator(
            StreamName="web", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        behind = None
        while behind != 0:
            page = kinesis.get_records(ShardIterator=token, Limit=50)
            token, behind = page["NextShardIterator"], page["MillisBehindLatest"]
            received |= {record["PartitionKey"]: record["Data"] for record in page["Records"]}
            assert all(record["ApproximateArrivalTimestamp"].year > 2000 for record in page["Records"])
    assert received == {**sent, "single": b'{"a": "\xc3\xbc"}\n'}

    after = kinesis.get_shard_iterator(
        StreamName="web",
        ShardId=single["ShardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        StartingSequenceNumber=single["SequenceNumber"],
    )
    [first] = kinesis.get_records(ShardIterator=after["ShardIterator"], Limit=1)["Records"]
    assert first["PartitionKey"] == "single"


def test_part_of_a_batch_can_fail_with_status_200(kinesis: Any) -> None:
    answer = kinesis.put_records(
        StreamName="web",
        Records=[
            {"PartitionKey": "key", "Data": b"x" * 9},
            {"PartitionKey": "key", "Data": b"x" * (POISON - 3)},
        ],
    )

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["FailedRecordCount"] == 1
    assert "SequenceNumber" in answer["Records"][0]
    assert answer["Records"][1]["ErrorCode"] == "ProvisionedThroughputExceededException"


def test_sdk_raises_the_exceptions_of_the_service(kinesis: Any) -> None:
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException, match="Stream nope under account"):
        kinesis.describe_stream(StreamName="nope")
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="Invalid ShardIterator"):
        kinesis.get_records(ShardIterator="nonsense")
    with pytest.raises(ClientError, match=r"UnknownOperationException.*Kinesis CreateStream is not run here"):
        kinesis.create_stream(StreamName="more")


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("dynamodb", "list_tables", {}),
        ("sts", "get_caller_identity", {}),
        ("s3", "list_buckets", {}),
        ("sqs", "list_queues", {}),
    ],
)
def test_sdk_of_a_service_that_is_not_run_is_told_so(
    endpoint_url: str, service: str, operation: str, arguments: dict[str, str]
) -> None:
    other = client(service, endpoint_url)
    with pytest.raises(ClientError, match="UnknownOperationException"):
        getattr(other, operation)(**arguments)
    other.close()
