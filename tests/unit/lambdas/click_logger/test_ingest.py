"""The ingest function as API Gateway calls it: 200 only for what Firehose has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from lambdas.click_logger.ingest import handler
from tests.unit.lambdas.click_logger.clicks import DELIVERED, SENT, aws_error

CONTEXT = SimpleNamespace(aws_request_id="request-1")
MOMENT = 1_795_253_400_125


class Firehose:
    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.error: Exception | None = None

    def put_record(self, **call: Any) -> dict[str, str]:
        assert call["DeliveryStreamName"] == "clicks"
        if self.error is not None:
            raise self.error
        self.records.append(call["Record"]["Data"])
        return {"RecordId": "1"}


@pytest.fixture(autouse=True)
def firehose(monkeypatch: pytest.MonkeyPatch) -> Iterator[Firehose]:
    fake = Firehose()
    monkeypatch.setenv("DELIVERY_STREAM_NAME", "clicks")
    monkeypatch.setattr(handler, "aws_client", lambda service, budget: fake)
    handler.settings.cache_clear()
    handler.firehose.cache_clear()
    yield fake
    handler.settings.cache_clear()
    handler.firehose.cache_clear()


def post(body: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
    event = {
        "body": body if isinstance(body, str) or body is None else json.dumps(body),
        "requestContext": {
            "identity": {"sourceIp": "192.0.2.7"},
            "requestTimeEpoch": MOMENT,
            "authorizer": {"caller": "orderapp"},
        },
    }
    answer = handler.lambda_handler(event, CONTEXT)
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"]


def test_click_is_put_with_address_and_time_and_answered_200(firehose: Firehose) -> None:
    status, answer, _ = post(SENT)
    assert (status, answer) == (200, {"requestid": "r-1", "createdtime": "2026-11-21T09:30:00.125Z"})
    (data,) = firehose.records
    assert data.endswith(b"}\n")
    assert json.loads(data) == DELIVERED


def test_text_of_any_language_is_put_as_it_is(firehose: Firehose) -> None:
    assert post({**SENT, "component": 'Käse 😀 "\\n'})[0] == 200
    assert json.loads(firehose.records[0])["component"] == 'Käse 😀 "\\n'


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (None, "the body is no JSON"),
        ("{", "the body is no JSON"),
        ("[" * 100_000, "the body is no JSON"),
        ([SENT], "the body must be a JSON object"),
        ({"requestid": "r", "contextid": "c"}, "missing: action, callerid, component, type"),
        ({**SENT, "clientip": "198.51.100.1"}, "not allowed: clientip"),
        ({**SENT, "action": 7}, "action must be a text of 1-256 characters"),
        ({**SENT, "requestid": ""}, "requestid must be a text of 1-256 characters"),
        ({**SENT, "contextid": "x" * 257}, "contextid must be a text of 1-256 characters"),
        (json.dumps({**SENT, "requestid": "\ud800"}), "requestid must be a text of 1-256 characters"),
    ],
)
def test_body_that_is_no_click_is_a_400_that_says_why(body: Any, cause: str, firehose: Firehose) -> None:
    status, answer, _ = post(body)
    assert (status, answer["message"]) == (400, "Invalid request body")
    assert answer["cause"].startswith(cause)
    assert firehose.records == []


@pytest.mark.parametrize(
    "error",
    [
        aws_error("ServiceUnavailableException", 503),
        aws_error("ThrottlingException"),
        aws_error("InternalFailure", 500),
        ReadTimeoutError(endpoint_url="https://firehose"),
    ],
    ids=["Firehose throttles", "throttled", "server error", "no answer"],
)
def test_what_firehose_has_not_acknowledged_is_a_503_with_retry_after(
    error: Exception, firehose: Firehose, capsys: pytest.CaptureFixture[str]
) -> None:
    firehose.error = error
    status, answer, headers = post(SENT)
    assert (status, headers["Retry-After"]) == (503, "5")
    assert answer["message"]
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["message"], line["caller"]) == ("click not taken", "orderapp")
    assert "r-1" not in json.dumps(line)


def test_what_trying_again_cannot_mend_is_the_functions_error(firehose: Firehose) -> None:
    firehose.error = aws_error("AccessDeniedException")
    with pytest.raises(ClientError):
        post(SENT)
