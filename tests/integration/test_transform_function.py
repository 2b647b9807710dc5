"""The transform function in the local run's processes, through AWS's own runtime interface client."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_runtime.lambdas.configuration import FunctionConfiguration
from local_runtime.lambdas.environment import Surroundings
from local_runtime.lambdas.function import LambdaFunction

ROOT = Path(__file__).parents[2]
EVENT_FILE = ROOT / "tests" / "events" / "firehose_web_logs.json"
RESPONSE_LIMIT = 6_291_556


@pytest.fixture(scope="module")
def log() -> list[str]:
    return []


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory, log: list[str]) -> Iterator[LambdaFunction]:
    configuration = FunctionConfiguration(
        name="transform",
        arn="arn:aws:lambda:us-east-1:123456789012:function:transform",
        handler="lambdas.web_analytics.transform.handler.lambda_handler",
        runtime="python3.14",
        timeout_seconds=60,
        memory_mb=1024,
        environment={
            "ICEBERG_DATABASE_NAME": "web_log_iceberg_db",
            "ICEBERG_TABLE_NAME": "web_log_iceberg",
            "ICEBERG_UNIQUE_KEYS": "",
            "METRICS_NAMESPACE": "WebAnalytics",
            "ADD_EVENT_ID_AND_RECEIVED_AT": "true",
            "TRUNCATE_IP": "false",
        },
        layers=(),
        log_format="JSON",
        log_level=None,
        log_group="/functions/transform",
    )
    surroundings = Surroundings(
        region="us-east-1",
        task_root=ROOT,
        layer_folders=[],
        bytecode=tmp_path_factory.mktemp("bytecode"),
        endpoint_url="http://127.0.0.1:1",
    )
    function = LambdaFunction(configuration, surroundings, log.append)
    yield function
    function.close()


def test_runtime_client_delivers_a_reply_for_each_record(function: LambdaFunction) -> None:
    event = json.loads(EVENT_FILE.read_text(encoding="utf-8"))
    invocation = function.invoke(json.dumps(event).encode())
    assert invocation.function_error is None
    replies = json.loads(invocation.payload)["records"]
    assert [reply["recordId"] for reply in replies] == [record["recordId"] for record in event["records"]]
    assert [reply["result"] for reply in replies] == ["Ok", "Ok", "ProcessingFailed", "ProcessingFailed"]
    assert json.loads(base64.b64decode(replies[1]["data"]))["referrer"] is None


def test_both_lines_reach_the_functions_log(function: LambdaFunction, log: list[str]) -> None:
    log.clear()
    function.invoke(EVENT_FILE.read_bytes())
    lines = [json.loads(line) for line in log if line.startswith("{")]
    assert [line["message"] for line in lines if "message" in line] == ["batch transformed"]
    assert [line["Rejected"] for line in lines if "_aws" in line] == [2]


def test_largest_request_that_lambda_takes_is_answered_within_the_response_limit(
    function: LambdaFunction,
) -> None:
    records = [_incoming(number, b"{}") for number in range(40_000)]
    body = json.dumps({"records": records}).encode()
    assert 5_000_000 < len(body) < 6 * 1024 * 1024
    invocation = function.invoke(body)
    assert invocation.function_error is None
    assert len(invocation.payload) <= RESPONSE_LIMIT
    assert len(json.loads(invocation.payload)["records"]) == 40_000


def _incoming(number: int, payload: bytes) -> dict[str, Any]:
    return {
        "recordId": f"{number:056d}",
        "approximateArrivalTimestamp": 1_795_000_000_000,
        "data": base64.b64encode(payload).decode(),
    }
