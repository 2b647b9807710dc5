"""The gateway over HTTP: uvicorn on loopback and a plain client."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from local_runtime.gateway import Gateway


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
