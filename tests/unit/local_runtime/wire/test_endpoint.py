"""The AWS JSON protocol: which service answers, and what a client is told when none does."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

import pytest

from local_runtime.errors import AwsError
from local_runtime.wire.endpoint import MAX_BODY_BYTES, AwsJsonEndpoint

JSON = "application/x-amz-json-1.1"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document


def send(
    endpoint: AwsJsonEndpoint,
    body: bytes,
    method: str = "POST",
    path: str = "/",
    chunk: int = 1 << 20,
    **fields: str,
) -> Answer:
    """One request through the app; field names are headers with `_` for `-`."""
    headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    chunks = [body[start : start + chunk] for start in range(0, len(body), chunk)] or [b""]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def collect(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    asyncio.run(endpoint(scope, receive, collect))
    start, *bodies = sent
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], found, b"".join(message["body"] for message in bodies))


def echo(action: str, request: dict[str, Any]) -> dict[str, Any]:
    return {"Action": action, "Request": request, "Thread": threading.get_ident()}


def failing(action: str, request: dict[str, Any]) -> dict[str, Any]:
    if action == "Crash":
        raise RuntimeError("a bug")
    raise AwsError("ResourceNotFoundException", "Stream x not found.", 400)


ENDPOINT = AwsJsonEndpoint(
    {"Kinesis_20131202": echo, "AmazonAthena": echo, "AWSGlue": failing}, in_thread={"AmazonAthena"}
)


def test_target_picks_the_service_and_the_action() -> None:
    answer = send(
        ENDPOINT,
        b'{"StreamName": "\xc3\xbc"}',
        x_amz_target="Kinesis_20131202.PutRecord",
        content_type=JSON,
        chunk=5,
    )

    assert answer.status == 200
    assert answer.json()["Action"] == "PutRecord"
    assert answer.json()["Request"] == {"StreamName": "ü"}
    assert answer.headers["content-type"] == JSON
    assert answer.headers["content-length"] == str(len(answer.body))
    assert len(answer.headers["x-amzn-requestid"]) == 36


def test_slow_services_leave_the_event_loop() -> None:
    fast = send(ENDPOINT, b"{}", x_amz_target="Kinesis_20131202.ListStreams").json()["Thread"]
    slow = send(ENDPOINT, b"{}", x_amz_target="AmazonAthena.ListWorkGroups").json()["Thread"]

    assert fast == threading.get_ident() != slow


def test_json_1_0_clients_are_answered_in_json_1_0() -> None:
    answer = send(
        ENDPOINT, b"", x_amz_target="AmazonAthena.X", content_type="application/x-amz-json-1.0; charset=x"
    )
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"
    assert answer.json()["Request"] == {}


def test_errors_have_the_shape_of_aws() -> None:
    answer = send(ENDPOINT, b"{}", x_amz_target="AWSGlue.GetTable")

    assert answer.status == 400
    assert answer.json() == {"__type": "ResourceNotFoundException", "message": "Stream x not found."}
    assert answer.headers["x-amzn-errortype"] == "ResourceNotFoundException"
    assert answer.headers["x-amzn-requestid"]


@pytest.mark.parametrize(
    ("target", "body", "code", "message"),
    [
        (
            "DynamoDB_20120810.ListTables",
            b"{}",
            "UnknownOperationException",
            "No service here answers X-Amz-Target DynamoDB_20120810.ListTables; "
            "these do: AWSGlue, AmazonAthena, Kinesis_20131202",
        ),
        ("nonsense", b"{}", "UnknownOperationException", "No service here answers X-Amz-Target nonsense"),
        ("Kinesis_20131202.PutRecord", b"{", "SerializationException", "The request is not JSON: "),
        ("Kinesis_20131202.PutRecord", b"[]", "SerializationException", "The request must be a JSON object."),
        ("Kinesis_20131202.PutRecord", b'"\xff"', "SerializationException", "The request is not JSON: "),
    ],
)
def test_requests_that_mean_nothing_are_refused(target: str, body: bytes, code: str, message: str) -> None:
    answer = send(ENDPOINT, body, x_amz_target=target)
    assert (answer.status, answer.json()["__type"]) == (400, code)
    assert message in answer.json()["message"]


def test_a_bug_in_a_service_is_a_500_and_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    answer = send(ENDPOINT, b"{}", x_amz_target="AWSGlue.Crash")

    assert (answer.status, answer.json()["__type"]) == (500, "InternalFailure")
    assert "a bug" not in answer.body.decode()
    assert "RuntimeError: a bug" in caplog.text


def test_a_body_beyond_every_limit_is_refused_early() -> None:
    answer = send(ENDPOINT, b" " * (MAX_BODY_BYTES + 1), x_amz_target="Kinesis_20131202.PutRecords")
    assert (answer.status, answer.json()["__type"]) == (413, "RequestEntityTooLarge")


def test_compressed_requests_are_read() -> None:
    body = gzip.compress(b'{"StreamName": "x"}')
    answer = send(ENDPOINT, body, x_amz_target="Kinesis_20131202.PutRecord", content_encoding="gzip")
    assert answer.json()["Request"] == {"StreamName": "x"}


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (b"no gzip", "gzip", 400, "SerializationException"),
        (b"{}", "br", 415, "SerializationException"),
        (gzip.compress(b" " * (MAX_BODY_BYTES + 1)), "gzip", 413, "RequestEntityTooLarge"),
    ],
)
def test_what_cannot_be_decompressed_is_refused(body: bytes, encoding: str, status: int, code: str) -> None:
    answer = send(ENDPOINT, body, x_amz_target="Kinesis_20131202.PutRecord", content_encoding=encoding)
    assert (answer.status, answer.json()["__type"]) == (status, code)
