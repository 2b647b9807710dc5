"""The ingest function with the real SDK and a Firehose that throttles: how often it asks, what it says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest

from lambdas.click_logger.ingest import handler

CLICK = {
    "requestid": "r-1",
    "contextid": "c-1",
    "callerid": "OrderApp",
    "component": "buy",
    "action": "open",
    "type": "click",
}
EVENT = {
    "body": json.dumps(CLICK),
    "requestContext": {"identity": {"sourceIp": "192.0.2.7"}, "requestTimeEpoch": 1_795_253_400_125},
}


class Firehose(ThreadingHTTPServer):
    """Refuses as many requests as it is told to, then acknowledges."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.refusals = 0
        self.asked = 0


class Answer(BaseHTTPRequestHandler):
    server: Firehose

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        refused = self.server.asked <= self.server.refusals
        body = (
            {"__type": "ServiceUnavailableException", "message": "Slow down."}
            if refused
            else {"RecordId": "1"}
        )
        data = json.dumps(body).encode()
        self.send_response(503 if refused else 200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the SDK would wait between its tries, in seconds."""
    found: list[float] = []
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=found.append))
    return found


@pytest.fixture
def firehose(monkeypatch: pytest.MonkeyPatch) -> Iterator[Firehose]:
    server = Firehose()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("DELIVERY_STREAM_NAME", "clicks")
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "us-east-1")
    handler.settings.cache_clear()
    handler.firehose.cache_clear()
    yield server
    handler.firehose().close()
    handler.settings.cache_clear()
    handler.firehose.cache_clear()
    server.shutdown()
    thread.join()
    server.server_close()


def post() -> Any:
    return handler.lambda_handler(EVENT, SimpleNamespace(aws_request_id="request-1"))


def test_click_that_firehose_takes_at_the_third_try_is_answered_200(
    firehose: Firehose, pauses: list[float]
) -> None:
    firehose.refusals = 2
    assert post()["statusCode"] == 200
    assert firehose.asked == 3


def test_click_that_firehose_does_not_take_is_answered_503_within_the_functions_time(
    firehose: Firehose, pauses: list[float]
) -> None:
    firehose.refusals = 100
    answer = post()
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    assert firehose.asked == handler.BUDGET.attempts == 3
    waited_at_most = handler.BUDGET.longest_seconds - 3 * (
        handler.BUDGET.connect_seconds + handler.BUDGET.read_seconds
    )
    assert sum(pauses) <= waited_at_most
