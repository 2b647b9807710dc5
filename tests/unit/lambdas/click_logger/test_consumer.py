"""The consumer as Firehose calls it: each click in DynamoDB or a dead letter, each record answered."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from lambdas.click_logger.click import click_schema
from lambdas.click_logger.consumer import handler
from lambdas.click_logger.consumer.logic import item_of, read_batch, read_click
from tests.unit.lambdas.click_logger.clicks import DELIVERED, SENT, aws_error, delivered, record

SECONDS_LEFT = 60.0


class DynamoDb:
    """Takes what it is told to; keeps items by key."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Any] = {}
        self.calls = 0
        self.refused: set[str] = set()
        self.error: Exception | None = None

    def batch_write_item(self, **call: dict[str, list[Any]]) -> dict[str, Any]:
        ((table, requests),) = call["RequestItems"].items()
        assert table == "items"
        self.calls += 1
        items = [request["PutRequest"]["Item"] for request in requests]
        keys = [(item["requestid"]["S"], item["contextid"]["S"]) for item in items]
        assert len(set(keys)) == len(keys) <= 25
        if self.error is not None:
            raise self.error
        if any(item["requestid"]["S"] in self.refused for item in items):
            raise aws_error("ValidationException")
        self.items |= dict(zip(keys, items, strict=True))
        return {"UnprocessedItems": {}}


class S3:
    def __init__(self) -> None:
        self.objects: dict[str, list[Any]] = {}
        self.error: Exception | None = None

    def put_object(self, **call: Any) -> None:
        assert call["Bucket"] == "bucket"
        if self.error is not None:
            raise self.error
        self.objects[call["Key"]] = [json.loads(line) for line in call["Body"].splitlines()]


class Aws:
    def __init__(self) -> None:
        self.dynamodb, self.s3 = DynamoDb(), S3()

    def __call__(self, service: str, budget: Any) -> Any:
        return getattr(self, service)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    fake = Aws()
    monkeypatch.setattr(handler, "aws_client", fake)
    for name, value in {
        "TABLE_NAME": "items",
        "DEAD_LETTER_BUCKET": "bucket",
        "DEAD_LETTER_PREFIX": "dead/",
        "METRICS_NAMESPACE": "ClickLogger",
        "ITEMS_EXPIRE_AFTER_DAYS": "",
    }.items():
        monkeypatch.setenv(name, value)
    forget()
    yield fake
    forget()


def forget() -> None:
    for function in (handler.settings, handler.click_table, handler.dead_letters):
        function.cache_clear()


def consume(*payloads: Any, seconds_left: float = SECONDS_LEFT) -> list[str]:
    records = [record(number, payload) for number, payload in enumerate(payloads)]
    context = SimpleNamespace(
        aws_request_id="request-1",
        function_name="consumer",
        get_remaining_time_in_millis=lambda: seconds_left * 1000,
    )
    event: Any = {"invocationId": "i-1", "deliveryStreamArn": "arn", "region": "r", "records": records}
    answer = json.loads(json.dumps(handler.lambda_handler(event, context)))["records"]
    assert [(reply["recordId"], reply["data"]) for reply in answer] == [
        (item["recordId"], item["data"]) for item in records
    ]
    return [reply["result"] for reply in answer]


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_click_is_an_item_of_its_fields(aws: Aws) -> None:
    assert consume(*[delivered(number) for number in range(60)]) == ["Ok"] * 60
    assert len(aws.dynamodb.items) == 60
    assert aws.dynamodb.calls == 3
    assert aws.dynamodb.items["r-7", "c-1"] == {name: {"S": value} for name, value in delivered(7).items()}
    assert aws.s3.objects == {}


def test_batch_that_comes_again_changes_nothing(aws: Aws) -> None:
    clicks = [delivered(number) for number in range(30)]
    consume(*clicks)
    before = dict(aws.dynamodb.items)
    assert consume(*clicks) == ["Ok"] * 30
    assert aws.dynamodb.items == before


def test_click_that_is_twice_in_a_batch_is_one_item_and_two_rows(aws: Aws) -> None:
    assert consume(delivered(1), delivered(1), delivered(2)) == ["Ok"] * 3
    assert len(aws.dynamodb.items) == 2


@pytest.mark.parametrize(
    "poison",
    [
        b"not json",
        b"\xff\xfe",
        b"",
        [DELIVERED],
        SENT,
        {**DELIVERED, "requestid": ""},
        {**DELIVERED, "contextid": 7},
        {**DELIVERED, "callerid": "x" * 257},
        {**DELIVERED, "createdtime": "yesterday"},
        {**DELIVERED, "createdtime": "2026-02-30T00:00:00Z"},
    ],
)
def test_poison_record_fails_alone(poison: Any, aws: Aws) -> None:
    assert consume(delivered(1), poison, delivered(2)) == ["Ok", "ProcessingFailed", "Ok"]
    assert len(aws.dynamodb.items) == 2


def test_record_that_is_no_base64_fails_alone() -> None:
    records: Any = [{"recordId": "a", "data": "%"}, record(1, delivered(1))]
    assert [reply["result"] for reply in read_batch(records, click_schema()).replies] == [
        "ProcessingFailed",
        "Ok",
    ]


def test_item_that_dynamodb_refuses_is_a_dead_letter_and_a_row(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.dynamodb.refused = {"r-3"}
    assert consume(*[delivered(number) for number in range(10)]) == ["Ok"] * 10
    assert len(aws.dynamodb.items) == 9
    assert aws.s3.objects == {
        "dead/i-1.json": [{"reason": "ValidationException", "item": item_of(delivered(3), None)}]
    }
    letter, _, metrics = lines(capsys)
    assert (letter["requestid"], letter["reason"]) == ("r-3", "ValidationException")
    assert (metrics["Written"], metrics["DeadLetters"], metrics["Rejected"]) == (9, 1, 0)


def test_table_that_takes_nothing_costs_no_row_and_no_click(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.dynamodb.error = aws_error("ProvisionedThroughputExceededException")
    assert consume(*[delivered(number) for number in range(60)], seconds_left=17.2) == ["Ok"] * 60
    (letters,) = aws.s3.objects.values()
    assert [letter["item"] for letter in letters] == [
        item_of(delivered(number), None) for number in range(60)
    ]
    assert {letter["reason"] for letter in letters} == {
        "ProvisionedThroughputExceededException",
        "DeadlineExceeded",
    }
    assert lines(capsys)[-1]["DeadLetters"] == 60


def test_dead_letters_that_cannot_be_kept_fail_the_invocation_so_that_firehose_calls_again(aws: Aws) -> None:
    aws.dynamodb.refused = {"r-1"}
    aws.s3.error = aws_error("ServiceUnavailable", 503)
    with pytest.raises(type(aws.s3.error)):
        consume(delivered(1), delivered(2))
    aws.s3.error = None
    assert consume(delivered(1), delivered(2)) == ["Ok", "Ok"]
    assert list(aws.s3.objects) == ["dead/i-1.json"]


def test_log_says_what_was_done_and_nothing_of_who_clicked(capsys: pytest.CaptureFixture[str]) -> None:
    consume(delivered(1), b"poison")
    line, metrics = lines(capsys)
    assert (line["message"], line["Written"], line["Rejected"]) == ("batch consumed", 1, 1)
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "ClickLogger"
    assert DELIVERED["clientip"] not in json.dumps([line, metrics])


def test_items_expire_so_many_days_after_the_click(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITEMS_EXPIRE_AFTER_DAYS", "30")
    consume(delivered(1))
    (item,) = aws.dynamodb.items.values()
    assert item["expiresat"] == {"N": str(1_795_253_400 + 30 * 86_400)}


def test_fields_that_are_not_in_the_schema_are_not_stored() -> None:
    data = base64.b64encode(json.dumps({**DELIVERED, "extra": 1}).encode()).decode()
    click = read_click(data, click_schema())
    assert click is not None
    assert set(item_of(click, None)) == set(DELIVERED)
