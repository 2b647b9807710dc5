"""click_logger on one machine: tokens, answers, Parquet and DynamoDB, and what happens when a part fails."""

from __future__ import annotations

import base64
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.conftest import ROOT, LocalRunProcess, StartRun

SECRET = "click-logger/tokens"
STREAM = "click-logger-firehose-delivery-stream"
ITEMS = "click-logger-table"
BUCKET = "click-logger-us-east-1-123456789012"
TABLE = "click_logger_db.click_log"
TOKEN, OTHER_TOKEN, SUSPENDED = "ALLOW=ORDERAPP", "shop-token-2027", "suspended-token"
TOKENS = {
    "orderapp": TOKEN,
    "shop": {"tokens": [OTHER_TOKEN, "shop-token-2026"]},
    "suspended": {"tokens": [SUSPENDED], "allow": []},
}


def click(request: str, **changes: Any) -> dict[str, Any]:
    fields = {
        "contextid": "c-1",
        "callerid": "OrderApp",
        "component": "buy",
        "action": "open",
        "type": "click",
    }
    return {"requestid": request, **fields, **changes}


def aws(run: LocalRunProcess, service: str) -> Any:
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    return boto3.client(service, endpoint_url=run.url, region_name="us-east-1", **keys)


@pytest.fixture(scope="module")
def run(start_run: StartRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunProcess]:
    state = tmp_path_factory.mktemp("state")
    with start_run(state, "--interval", "300", system="click_logger") as started:
        secret = aws(started, "secretsmanager")
        first = json.loads(secret.get_secret_value(SecretId=SECRET)["SecretString"])
        assert [len(token) for token in first.values()] == [48]
        secret.put_secret_value(SecretId=SECRET, SecretString=json.dumps(TOKENS))
        yield started


def request(
    run: LocalRunProcess, method: str, body: Any, token: str | None, content_type: str
) -> tuple[int, Any, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=30)
    try:
        headers = {"Content-Type": content_type} | ({} if token is None else {"Authorization": token})
        text = body if isinstance(body, str) else json.dumps(body)
        connection.request(method, "/click-logger-api/dev/clicklogger", text, headers)
        response = connection.getresponse()
        read = response.read()
        fields = {name.lower(): value for name, value in response.getheaders()}
        return response.status, json.loads(read) if read else None, fields
    finally:
        connection.close()


def post(
    run: LocalRunProcess, body: Any, token: str | None = TOKEN, content_type: str = "application/json"
) -> tuple[int, Any]:
    return request(run, "POST", body, token, content_type)[:2]


def item(run: LocalRunProcess, request_id: str) -> dict[str, str] | None:
    key = {"requestid": {"S": request_id}, "contextid": {"S": "c-1"}}
    found = aws(run, "dynamodb").get_item(TableName=ITEMS, Key=key).get("Item")
    return None if found is None else {name: value["S"] for name, value in found.items()}


def objects(run: LocalRunProcess, prefix: str) -> list[str]:
    found = aws(run, "s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return [entry["Key"] for entry in found]


def test_click_is_a_row_in_parquet_and_an_item_by_its_key(run: LocalRunProcess) -> None:
    sent = click("r-1", component='Käse 😀 "\\')
    status, answer = post(run, sent)
    assert (status, answer["requestid"]) == (200, "r-1")
    run.flush()
    (row,) = run.sql(f"select * from {TABLE} where requestid = 'r-1'")
    moment = row.pop("createdtime")
    day = row.pop("data")
    assert row == {**sent, "clientip": "127.0.0.1"}
    assert moment.startswith(day)
    assert item(run, "r-1") == {**sent, "clientip": "127.0.0.1", "createdtime": answer["createdtime"]}
    assert all(key.endswith(".parquet") for key in objects(run, f"clicklog/data={day}/"))


@pytest.mark.parametrize(
    ("token", "status"),
    [
        (TOKEN, 200),
        (OTHER_TOKEN, 200),
        ("shop-token-2026", 200),
        (None, 401),
        ("", 401),
        ("short", 401),
        ("ALLOW=NOBODY", 401),
        (SUSPENDED, 403),
    ],
)
def test_token_decides(run: LocalRunProcess, token: str | None, status: int) -> None:
    for _ in range(2):  # the second answer is the one that API Gateway kept
        assert post(run, click("r-token"), token)[0] == status


@pytest.mark.parametrize(
    ("body", "by_the_model", "by_the_function"),
    [
        ({"requestid": "r"}, 'missing required properties (["contextid"])', "missing: action"),
        (
            click("r", clientip="192.0.2.1"),
            'not allowed by the schema: ["clientip"]',
            "not allowed: clientip",
        ),
        (click("r", action=None), "instance type (null) does not match", "action must be a text"),
        (click(""), "is too short", "requestid must be a text"),
        (click("r" * 257), "is too long", "requestid must be a text"),
        ("click!", "Could not parse request body", "the body is no JSON"),
    ],
)
def test_body_that_is_no_click_is_a_400_that_says_why(
    run: LocalRunProcess, body: Any, by_the_model: str, by_the_function: str
) -> None:
    """API Gateway has a model for JSON alone; a body that calls itself something else is the function's."""
    for content_type, cause in (("application/json", by_the_model), ("text/plain", by_the_function)):
        status, answer = post(run, body, content_type=content_type)
        assert (status, answer["message"]) == (400, "Invalid request body")
        assert cause in answer["cause"]


def test_browser_may_ask_first_and_reads_every_answer(run: LocalRunProcess) -> None:
    status, _, headers = request(run, "OPTIONS", "", None, "application/json")
    assert status == 204
    assert "Authorization" in headers["access-control-allow-headers"]
    for token, body in ((TOKEN, click("r-cors")), (TOKEN, {}), (None, {}), (SUSPENDED, {})):
        assert request(run, "POST", body, token, "application/json")[2]["access-control-allow-origin"] == "*"


def test_poison_record_of_another_producer_is_lost_alone(run: LocalRunProcess) -> None:
    good = {**click("r-beside"), "clientip": "192.0.2.7", "createdtime": "2026-11-21T09:30:00.125Z"}
    records = [{"Data": json.dumps(good).encode()}, {"Data": b"poison"}, {"Data": b'{"requestid": ""}'}]
    aws(run, "firehose").put_record_batch(DeliveryStreamName=STREAM, Records=records)
    run.flush()
    assert run.sql(f"select count(*) as n from {TABLE} where requestid = 'r-beside'") == [{"n": 1}]
    assert item(run, "r-beside") == good
    (key,) = objects(run, "clicklog_error/processing-failed/data=")
    body = aws(run, "s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    lost = [base64.b64decode(json.loads(line)["rawData"]) for line in body.splitlines()]
    assert sorted(lost) == [b"poison", b'{"requestid": ""}']


def test_batch_that_firehose_sends_again_leaves_one_item(run: LocalRunProcess) -> None:
    again = {**click("r-again"), "clientip": "192.0.2.7", "createdtime": "2026-11-21T09:30:00.125Z"}
    data = base64.b64encode(json.dumps(again).encode()).decode()
    event = {
        "invocationId": "i-1",
        "deliveryStreamArn": "arn",
        "region": "us-east-1",
        "records": [{"recordId": "1", "data": data}],
    }
    for _ in range(2):
        answer = aws(run, "lambda").invoke(FunctionName="click-logger-consumer", Payload=json.dumps(event))
        assert json.load(answer["Payload"]) == {"records": [{"recordId": "1", "result": "Ok", "data": data}]}
    assert item(run, "r-again") == again


def test_clicks_that_dynamodb_does_not_take_are_rows_at_once_and_items_after_the_redrive(
    run: LocalRunProcess,
) -> None:
    dynamodb = aws(run, "dynamodb")
    keys = dynamodb.describe_table(TableName=ITEMS)["Table"]["KeySchema"]
    dynamodb.update_table(TableName=ITEMS, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=ITEMS)
    for number in range(3):
        assert post(run, click(f"r-dead-{number}"))[0] == 200
    run.flush()
    assert run.sql(f"select count(*) as n from {TABLE} where requestid like 'r-dead-%'") == [{"n": 3}]
    assert len(objects(run, "clicklog_dead_letters/")) == 1
    log = (run.state / "logs" / "click-logger-consumer.log").read_text()
    assert log.count('"reason": "ResourceNotFoundException", "requestid": "r-dead-') == 3

    dynamodb.create_table(
        TableName=ITEMS,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys],
    )
    assert "1 objects of dead letters wait" in redrive(run, "--dry-run")
    assert "1 objects: 3 clicks written, 0 were there, 0 refused" in redrive(run)
    assert item(run, "r-dead-2") is not None
    assert objects(run, "clicklog_dead_letters/") == []
    assert "0 objects: 0 clicks written" in redrive(run)


def redrive(run: LocalRunProcess, *options: str) -> str:
    finished = subprocess.run(
        [sys.executable, "src/utils/redrive_clicks.py", *options],
        cwd=ROOT,
        env={**os.environ, "AWS_ENDPOINT_URL": run.url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_no_token_is_in_any_log(run: LocalRunProcess) -> None:
    assert post(run, click("r-log"))[0] == 200
    answers = [
        post(run, click("r-log"), token)[0] for token in (OTHER_TOKEN, SUSPENDED, "ALLOW=SOMEBODY-ELSE")
    ]
    assert answers == [200, 403, 401]
    logs = {path.name: path.read_text() for path in (run.state / "logs").glob("*.log")}
    assert {"access.log", "click-logger-authorizer.log"} <= logs.keys()
    for secret in (TOKEN, OTHER_TOKEN, SUSPENDED, "SOMEBODY-ELSE"):
        assert not any(secret in text for text in logs.values())
    callers = {json.loads(line).get("caller") for line in logs["access.log"].splitlines()}
    assert {"orderapp", "shop", "suspended", "-"} <= callers


def test_demo_finds_every_click_in_both_places(assembly_of: Any) -> None:
    command = [sys.executable, "src/utils/demo.py", "--system", "click_logger", "--events", "300"]
    command += ["--assembly", str(assembly_of("click_logger"))]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "Answers, Parquet and DynamoDB agree, field by field." in finished.stdout
