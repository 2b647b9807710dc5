"""What moto plays: one service does not wait for another."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.services.long_poll import receive_messages, short_poll
from local_runtime.services.moto_sidecar import MotoSidecar
from local_runtime.services.stateful import Stateful
from local_runtime.services.stateful.messages import MessageFiles
from local_runtime.services.stateful.queues import Queues
from local_runtime.services.stateful.sns import Topics

SIGNATURE = "AWS4-HMAC-SHA256 Credential=A/20261121/us-east-1/{}/aws4_request, Signature=x"
QUEUE = {"QueueUrl": "http://127.0.0.1:4566/123456789012/jobs"}


async def ask(sidecar: MotoSidecar, service: str, target: str, request: dict[str, Any]) -> dict[str, Any]:
    headers = {
        "authorization": SIGNATURE.format(service),
        "x-amz-target": target,
        "content-type": "application/x-amz-json-1.0",
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": orjson.dumps(request)}

    async def send(message: Any) -> None:
        sent.append(message)

    await sidecar(scope, receive, send)
    assert sent[0]["status"] == 200, sent
    return dict(orjson.loads(sent[1]["body"] or b"{}"))


@pytest.mark.parametrize("queue_wait", [None, "5"], ids=["the request's wait", "the queue's wait"])
def test_long_poll_holds_up_neither_its_queue_nor_another_service(queue_wait: str | None) -> None:
    sidecar = MotoSidecar("us-east-1", "123456789012", "http://127.0.0.1:4566")
    attributes = {} if queue_wait is None else {"ReceiveMessageWaitTimeSeconds": queue_wait}
    wait = {"WaitTimeSeconds": 5} if queue_wait is None else {}

    async def scenario() -> tuple[float, float, list[Any]]:
        await ask(sidecar, "sqs", "AmazonSQS.CreateQueue", {"QueueName": "jobs", "Attributes": attributes})
        polling = asyncio.create_task(ask(sidecar, "sqs", "AmazonSQS.ReceiveMessage", {**QUEUE, **wait}))
        await ask(sidecar, "dynamodb", "DynamoDB_20120810.ListTables", {})  # moto imports it now
        begun = time.monotonic()
        await ask(sidecar, "dynamodb", "DynamoDB_20120810.ListTables", {})
        listed = time.monotonic() - begun
        await ask(sidecar, "sqs", "AmazonSQS.SendMessage", {**QUEUE, "MessageBody": "work"})
        begun = time.monotonic()
        received = await polling
        await ask(sidecar, "sqs", "AmazonSQS.DeleteQueue", QUEUE)
        return listed, time.monotonic() - begun, received["Messages"]

    try:
        listed, waited, messages = asyncio.run(scenario())
    finally:
        sidecar.close()
    assert [message["Body"] for message in messages] == ["work"]
    assert listed < 1
    assert waited < 2


def test_wait_out_of_range_is_left_to_the_service_to_refuse() -> None:
    asked: list[dict[str, Any]] = []

    async def refuse(target: str | None, body: bytes) -> tuple[int, None, bytes]:
        asked.append(orjson.loads(body))
        return 400, None, b"{}"

    asyncio.run(receive_messages(refuse, b'{"WaitTimeSeconds": 21}'))
    assert asked == [{"WaitTimeSeconds": 21}]


def test_form_of_the_query_protocol_polls_shortly() -> None:
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    body = short_poll(headers, b"Action=ReceiveMessage&QueueUrl=http%3A%2F%2Fq&WaitTimeSeconds=20")
    assert body == b"Action=ReceiveMessage&QueueUrl=http%3A%2F%2Fq&WaitTimeSeconds=0"
    assert short_poll(headers, b"Action=SendMessage&MessageBody=a+b") == b"Action=SendMessage&MessageBody=a+b"


def test_topic_of_a_template_puts_into_the_templates_queue_that_nobody_has_called(tmp_path: Path) -> None:
    arn = "arn:aws:{}:us-east-1:123456789012:jobs".format
    queue = Resource("S", "Queue", "AWS::SQS::Queue", {}, QUEUE["QueueUrl"], {"QueueName": "jobs"})
    subscription = {"Protocol": "sqs", "Endpoint": arn("sqs"), "RawMessageDelivery": True}
    topic = Resource(
        "S", "Topic", "AWS::SNS::Topic", {"Subscription": [subscription]}, arn("sns"), {"TopicName": "jobs"}
    )
    assembly = Assembly(tmp_path, "aws", "us-east-1", "123456789012", (queue, topic), {}, {})
    stateful: dict[str, Stateful] = {
        "sqs": Queues(assembly),
        "sns": Topics(assembly, MessageFiles(tmp_path)),
    }
    sidecar = MotoSidecar("us-east-1", "123456789012", "http://127.0.0.1:4566", stateful)

    async def scenario() -> dict[str, Any]:
        await sidecar.use("sns", lambda moto: moto.backend("sns").publish("work", arn("sns")))
        received = await ask(sidecar, "sqs", "AmazonSQS.ReceiveMessage", QUEUE)
        await ask(sidecar, "sqs", "AmazonSQS.DeleteQueue", QUEUE)
        return received

    try:
        received = asyncio.run(scenario())
    finally:
        sidecar.close()
    assert [message["Body"] for message in received["Messages"]] == ["work"]
    assert [item["message"] for item in MessageFiles(tmp_path).read("jobs")] == ["work"]
