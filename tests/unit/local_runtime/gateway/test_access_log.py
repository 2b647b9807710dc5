"""Stages that log to a delivery stream: one line an answered request, whatever the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_runtime.errors import LocalRuntimeError
from local_runtime.firehose.direct_put import SHARD_ID, DirectPut, DirectPutStore

ARN = "arn:aws:firehose:us-east-1:123456789012:deliverystream/amazon-apigateway-calls"
FORMAT = (
    '{"requestId":"$context.extendedRequestId","ip":"$context.identity.sourceIp",'
    '"user":"$context.authorizer.principalId","requestTime":"$context.requestTimeEpoch",'
    '"httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","status":"$context.status",'
    '"agent":"$context.identity.userAgent","error":$context.error.messageString,'
    '"responseLength":"$context.responseLength"}\n'
)


@pytest.fixture
def calls(tmp_path: Path) -> Iterator[DirectPut]:
    store = DirectPutStore(tmp_path / "direct-put.db")
    yield DirectPut(store, "amazon-apigateway-calls")
    store.close()


@pytest.fixture
def logged(api: Any, calls: DirectPut) -> Any:
    api.stage["AccessLogSetting"] = {"DestinationArn": ARN, "Format": FORMAT}
    api.options["delivery_streams"] = {ARN: calls}
    return api


def lines(calls: DirectPut) -> list[dict[str, Any]]:
    records = calls.read(SHARD_ID, None, 100, 1 << 20)
    assert all(record.data.endswith(b"}\n") for record in records)
    # What the format does not quote is `-` where it is missing, there as here.
    return [json.loads(record.data.replace(b'"error":-', b'"error":null')) for record in records]


def test_each_answered_request_is_one_record(logged: Any, calls: DirectPut) -> None:
    logged.start()
    logged.call({"d": "x"}, user_agent="curl/8")
    logged.call(path="/nowhere")
    answered, refused = lines(calls)
    assert answered == {
        "requestId": answered["requestId"],
        "ip": "127.0.0.1",
        "user": "-",
        "requestTime": "1700000000000",
        "httpMethod": "PUT",
        "resourcePath": "/streams/{name}",
        "status": "200",
        "agent": "curl/8",
        "error": None,
        "responseLength": "11",
    }
    assert (refused["status"], refused["resourcePath"], refused["agent"]) == ("403", "-", "-")
    assert refused["error"] == "Missing Authentication Token"
    assert answered["requestId"] != refused["requestId"]
    assert logged.log == []


def test_refusals_of_authorizers_and_validators_are_logged(logged: Any, calls: DirectPut) -> None:
    logged.authorize(IdentitySource="method.request.header.Authorization")
    logged.call({"d": "x"})
    logged.method["RequestParameters"] = {"method.request.header.X-Key": True}
    logged.method |= {"AuthorizationType": "NONE", "RequestValidatorId": "Check"}
    logged.add("ApiGateway::RequestValidator", "Check", ValidateRequestParameters=True)
    logged.call({"d": "x"})
    assert [line["status"] for line in lines(calls)] == ["401", "400"]


def test_what_a_client_sends_does_not_break_the_json(logged: Any, calls: DirectPut) -> None:
    agent = '"}\\","status":"200'
    logged.call({"d": "x"}, user_agent=agent)
    assert lines(calls)[0]["agent"] == agent


def test_a_request_is_answered_when_its_line_cannot_be_kept(
    logged: Any, calls: DirectPut, caplog: pytest.LogCaptureFixture
) -> None:
    calls._store.close()
    assert logged.call({"d": "x"}).status == 200
    assert "the access log of log-api lost a line" in caplog.text


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"DestinationArn": ARN.replace("calls", "gone"), "Format": FORMAT}, "no delivery stream"),
        ({"DestinationArn": ARN.replace("amazon-apigateway-", ""), "Format": FORMAT}, "must start with"),
        ({"DestinationArn": ARN, "Format": "$context.status"}, "requestId"),
        ({"DestinationArn": ARN, "Format": "$context.requestId" + 3072 * " "}, "at most 3072 bytes"),
    ],
)
def test_settings_that_aws_refuses_are_refused(logged: Any, setting: dict[str, str], message: str) -> None:
    logged.stage["AccessLogSetting"] = setting
    with pytest.raises(LocalRuntimeError, match=message):
        logged.start()
