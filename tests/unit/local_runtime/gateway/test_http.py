"""The gateway over HTTP: uvicorn on loopback and a plain client."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from local_runtime.assembly import Assembly, Resource
from local_runtime.firehose.direct_put import SHARD_ID, DirectPut, DirectPutStore
from local_runtime.gateway import Gateway
from local_runtime.lambdas.function import LambdaFunction


@contextmanager
def serve(gateway: Gateway) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(gateway, lifespan="off", log_level="critical", loop="asyncio"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture
def running(api: Any) -> Iterator[tuple[Gateway, int]]:
    gateway = api.gateway()
    with serve(gateway) as port:
        yield gateway, port


def request(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, json.loads(answer), response.headers


def test_a_record_reaches_the_service_and_is_counted(running: tuple[Gateway, int], api: Any) -> None:
    gateway, port = running
    body = '{"d": "é \\" 😀\\n"}'.encode()
    status, answer, headers = request(port, "PUT", "/log-api/v1/streams/events?x=1", body)
    assert (status, answer) == (200, {"ok": True})
    assert headers["content-type"] == "application/json"
    assert headers["x-amzn-requestid"] and headers["x-amz-apigw-id"]
    assert api.kinesis.requests == [("PutRecord", {"StreamName": "events", "Data": 'é " 😀\n'})]
    request(port, "GET", "/log-api/v1/streams/events")
    counters = gateway.counters["log-api"]
    assert (counters.requests, counters.accepted, counters.client_errors, counters.records) == (2, 1, 1, 1)


@pytest.mark.parametrize("path", ["/", "/log-api", "/log-api/", "/log-api/v2/streams", "/nope/v1/streams"])
def test_unknown_api_or_stage_lists_those_there_are(running: tuple[Gateway, int], path: str) -> None:
    status, answer, _ = request(running[1], "GET", path)
    assert (status, answer["apis"]) == (404, ["/log-api/v1"])


def test_body_over_ten_megabytes_is_refused(running: tuple[Gateway, int], api: Any) -> None:
    body = b'{"d": "' + b"x" * (10 * 1024 * 1024) + b'"}'
    status, answer, headers = request(running[1], "PUT", "/log-api/v1/streams/events", body)
    assert (status, answer) == (413, {"message": "Request Entity Too Large"})
    assert headers["x-amzn-errortype"] == "RequestTooLargeException"
    assert api.kinesis.requests == []


def test_half_a_body_is_no_request(running: tuple[Gateway, int], api: Any) -> None:
    gateway, port = running
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = b"PUT /log-api/v1/streams/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        connection.sendall(head + b'{"d": "x"}')
    request(port, "GET", "/log-api/v1/streams/events")
    assert gateway.counters["log-api"].requests == 1
    assert api.kinesis.requests == []


def test_client_text_in_a_header_cannot_split_the_response(api: Any) -> None:
    template = "#set($context.responseOverride.header.X-Echo = $input.params('echo')){}"
    api.integration["IntegrationResponses"][0]["ResponseTemplates"] = {"application/json": template}
    with serve(api.gateway()) as port:
        path = "/log-api/v1/streams/events?echo=a%0D%0ASet-Cookie:%20x%E2%82%AC"
        status, _, headers = request(port, "PUT", path, b'{"d": "x"}')
    assert status == 200
    assert headers["set-cookie"] is None
    assert headers["x-echo"].startswith("a  Set-Cookie")


def test_names_that_come_twice_keep_all_values_both_ways(api: Any) -> None:
    api.call_function()
    api.function.answer = {
        "statusCode": 200,
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
        "body": "{}",
    }
    with serve(api.gateway()) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        head = b"PUT /log-api/v1/streams/x?tag=a&tag=b&one=1 HTTP/1.1\r\nHost: h\r\nX-T: 1\r\nX-T: 2\r\n"
        connection.sendall(head + b"Connection: close\r\nContent-Length: 0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.count(b"set-cookie: ") == 2
    event = api.function.events[0]
    assert event["queryStringParameters"] == {"tag": "b", "one": "1"}
    assert event["multiValueQueryStringParameters"] == {"tag": ["a", "b"], "one": ["1"]}
    assert (event["headers"]["X-T"], event["multiValueHeaders"]["X-T"]) == ("2", ["1", "2"])


def test_headers_of_the_connection_are_not_the_functions_to_set(api: Any) -> None:
    api.call_function()
    headers = {"Content-Length": "3", "Transfer-Encoding": "chunked", "Connection": "close"}
    api.function.answer = {"statusCode": 200, "headers": headers, "body": '{"long": "er"}'}
    with serve(api.gateway()) as port:
        status, answer, headers_seen = request(port, "PUT", "/log-api/v1/streams/x")
    assert (status, answer) == (200, {"long": "er"})
    assert headers_seen["x-amzn-remapped-content-length"] == "3"
    assert headers_seen["transfer-encoding"] is None


def test_slow_function_keeps_nobody_else_waiting(api: Any) -> None:
    api.call_function()
    api.add("ApiGateway::Resource", "Ping", ParentId="root", PathPart="ping")
    mock = {"Type": "MOCK", "RequestTemplates": {"application/json": '{"statusCode": 200}'}}
    mock["IntegrationResponses"] = [{"StatusCode": "200", "ResponseTemplates": {"application/json": "{}"}}]
    api.add(
        "ApiGateway::Method",
        "Get",
        ResourceId="Ping",
        HttpMethod="GET",
        MethodResponses=[{"StatusCode": "200"}],
        Integration=mock,
    )
    release, entered = threading.Event(), threading.Event()

    def wait(payload: bytes) -> Any:
        entered.set()
        release.wait(10)
        raise RuntimeError("let go")

    api.function.invoke = wait
    with serve(api.gateway()) as port:
        slow = threading.Thread(target=request, args=(port, "PUT", "/log-api/v1/streams/x"))
        slow.start()
        assert entered.wait(5)
        assert request(port, "GET", "/log-api/v1/ping")[0] == 200
        release.set()
        slow.join(10)


def test_function_of_the_templates_answers_over_http(api: Any, tmp_path: Path) -> None:
    asset = tmp_path / "asset.worker"
    asset.mkdir()
    (asset / "module.py").write_text(
        "import json\n"
        "def handler(event, context):\n"
        "    return {'statusCode': 200, 'body': json.dumps([event['body'], event['pathParameters']])}\n"
    )
    properties = {
        "Code": {"S3Bucket": "a", "S3Key": "k"},
        "Handler": "module.handler",
        "Runtime": "python3.14",
    }
    arn = "arn:aws:lambda:us-east-1:123456789012:function:worker"
    resource = Resource("Stack", "Worker", "AWS::Lambda::Function", properties, "worker", {"Arn": arn})
    assets = {("a", "k"): asset}
    assembly = Assembly(tmp_path, "aws", "us-east-1", "123456789012", (resource,), {}, assets)
    api.function = LambdaFunction.from_resource(
        resource, assembly, state=tmp_path / "state", endpoint_url="http://127.0.0.1:1"
    )
    api.call_function()
    try:
        with serve(api.gateway()) as port:
            answer = request(port, "PUT", "/log-api/v1/streams/x", b"hello")
    finally:
        api.function.close()
    assert answer[:2] == (200, ["hello", {"name": "x"}])


def test_access_log_is_kept_before_the_answer_leaves(api: Any, tmp_path: Path) -> None:
    arn = "arn:aws:firehose:us-east-1:123456789012:deliverystream/amazon-apigateway-calls"
    store = DirectPutStore(tmp_path / "direct-put.db")
    calls = DirectPut(store, "amazon-apigateway-calls")
    api.stage["AccessLogSetting"] = {"DestinationArn": arn, "Format": "$context.requestId $context.status\n"}
    api.options["delivery_streams"] = {arn: calls}
    with serve(api.gateway()) as port:
        for _ in range(3):
            _, _, headers = request(port, "PUT", "/log-api/v1/streams/events", b'{"d": 1}')
            last = calls.read(SHARD_ID, None, 10, 1 << 20)[-1]
            assert last.data == f"{headers['x-amzn-requestid']} 200\n".encode()
    assert calls.totals()[0] == 3
    store.close()
