"""AWS_PROXY integrations: the event that a function gets, and what becomes of its answer."""

from __future__ import annotations

import time
from typing import Any

import pytest


@pytest.fixture
def proxy(api: Any) -> Any:
    api.call_function()
    api.function.answer = {"statusCode": 200, "body": "{}"}
    return api


def test_event_is_payload_format_1_0(proxy: Any) -> None:
    proxy.stage["Variables"] = {"table": "t1"}
    query = {"page": "2", "tag": "b"}
    proxy.call(b'{"a": "\xc3\xa9"}', path="/streams/a%20b", query=query, authorization="x", host="h:4566")
    (event,) = proxy.function.events
    assert event["resource"] == "/streams/{name}"
    assert (event["path"], event["httpMethod"]) == ("/streams/a%20b", "PUT")
    assert event["pathParameters"] == {"name": "a b"}
    assert event["queryStringParameters"] == query
    assert event["multiValueQueryStringParameters"] == {"page": ["2"], "tag": ["b"]}
    assert event["headers"]["Authorization"] == "x"
    assert event["multiValueHeaders"]["X-Forwarded-For"] == ["127.0.0.1"]
    assert event["headers"]["X-Forwarded-Port"] == "4566"
    assert event["stageVariables"] == {"table": "t1"}
    assert (event["body"], event["isBase64Encoded"]) == ('{"a": "é"}', False)


def test_request_context_says_who_and_where(proxy: Any) -> None:
    proxy.call({}, user_agent="curl")
    context = proxy.function.events[0]["requestContext"]
    assert (context["stage"], context["resourcePath"], context["path"]) == (
        "v1",
        "/streams/{name}",
        "/v1/streams/events",
    )
    assert context["requestTimeEpoch"] == 1_700_000_000_000
    assert (context["identity"]["sourceIp"], context["identity"]["userAgent"]) == ("127.0.0.1", "curl")
    assert context["identity"]["cognitoIdentityId"] is None
    assert "authorizer" not in context


def test_what_is_empty_is_null(proxy: Any) -> None:
    proxy.call()
    event = proxy.function.events[0]
    names = ("body", "queryStringParameters", "multiValueQueryStringParameters", "stageVariables")
    assert [event[name] for name in names] == [None] * 4


def test_answer_is_the_response(proxy: Any, parsed: Any) -> None:
    proxy.function.answer = {
        "statusCode": "201",
        "headers": {"X-Number": 5, "X-Flag": True, "X-Both": "single", "X-Null": None},
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"], "X-Both": ["several"]},
        "body": '{"ok": true}',
    }
    response = proxy.call({})
    assert (response.status, parsed(response)) == (201, {"ok": True})
    shown = {name: response.headers[name] for name in ("x-number", "x-flag", "x-both", "set-cookie")}
    assert shown == {"x-number": "5", "x-flag": "true", "x-both": "several", "set-cookie": "a=1"}
    assert response.more_headers == [("set-cookie", "b=2")]
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        [],
        {"statusCode": "two hundred"},
        {"statusCode": 99},
        {"statusCode": True},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": {}}},
        {"statusCode": 200, "multiValueHeaders": {"a": "b"}},
        {"statusCode": 200, "isBase64Encoded": "yes"},
        {"statusCode": 200, "cookies": []},
    ],
)
def test_malformed_answer_is_a_bad_gateway(
    proxy: Any, parsed: Any, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.function.answer = answer
    response = proxy.call({})
    assert (response.status, parsed(response)) == (502, {"message": "Internal server error"})
    assert "malformed Lambda proxy response" in caplog.text


def test_failed_function_is_a_bad_gateway_and_keeps_its_secrets(proxy: Any, parsed: Any) -> None:
    proxy.function.error = "password=1234"
    response = proxy.call({})
    assert (response.status, parsed(response)) == (502, {"message": "Internal server error"})


def test_function_that_takes_too_long_is_a_gateway_timeout(proxy: Any, parsed: Any) -> None:
    proxy.integration["TimeoutInMillis"] = 50

    def sleep(payload: bytes) -> Any:
        time.sleep(0.3)

    proxy.function.invoke = sleep
    response = proxy.call({})
    assert (response.status, parsed(response)) == (504, {"message": "Endpoint request timed out"})


@pytest.mark.parametrize(
    "source_arn",
    [
        "arn:aws:execute-api:us-east-1:123456789012:Api/*/GET/streams/*",
        "arn:aws:execute-api:us-east-1:123456789012:Other/*",
    ],
)
def test_function_without_permission_for_the_method_is_not_called(
    api: Any, parsed: Any, source_arn: str, caplog: pytest.LogCaptureFixture
) -> None:
    api.call_function(permitted=False)
    api.permit(source_arn)
    response = api.call({})
    assert (response.status, parsed(response)) == (500, {"message": "Internal server error"})
    assert "Invalid permissions on Lambda function" in caplog.text
    assert "Api/v1/PUT/streams/{name}" in caplog.text
    assert api.function.events == []


def test_permission_of_another_service_does_not_count(api: Any) -> None:
    api.call_function(permitted=False)
    api.permit("arn:aws:execute-api:*", principal="s3.amazonaws.com")
    assert api.call({}).status == 500


@pytest.mark.parametrize(("action", "status"), [("lambda:InvokeFunction", 200), ("lambda:Get*", 500)])
def test_role_of_the_integration_decides_where_there_is_one(api: Any, action: str, status: int) -> None:
    role = api.integration["Credentials"]
    api.call_function(permitted=False)
    api.integration["Credentials"] = role
    api.statements = [{"Effect": "Allow", "Action": action, "Resource": "*"}]
    api.function.answer = {"statusCode": 200}
    assert api.call({}).status == status


def test_binary_data_goes_both_ways_as_base64(proxy: Any) -> None:
    proxy.api["BinaryMediaTypes"] = ["image/png"]
    proxy.function.answer = {"statusCode": 200, "body": "iVBORw==", "isBase64Encoded": True}
    response = proxy.call(b"\x89PNG", content_type="image/png", accept="image/png")
    assert (proxy.function.events[0]["body"], response.body) == ("iVBORw==", b"\x89PNG")
    assert proxy.function.events[0]["isBase64Encoded"] is True
    assert proxy.call(b"x", accept="text/html").body == b"iVBORw=="


def test_base64_that_is_none_is_malformed(proxy: Any) -> None:
    proxy.api["BinaryMediaTypes"] = ["*/*"]
    proxy.function.answer = {"statusCode": 200, "body": "é", "isBase64Encoded": True}
    assert proxy.call({}).status == 502
