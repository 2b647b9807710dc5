"""The transform function beside a plain one: a batch as Data Firehose sends it, 1 % of it bad."""

import base64
import contextlib
import importlib.util
import io
import itertools
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import orjson
from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient

from benchmarks import plain_transform
from benchmarks.measure import Result, in_process, in_turn
from lambdas.web_analytics.transform import handler

NAME = "transform: 1,000 records, 1 % of them bad"
RECORDS = 1000
ROUNDS = 30
PLAIN, OURS, FLOOR = "plain reference", "transform function", "base64-decode and orjson-parse alone"
CHECK = "transform function without ids"
MODULES = {PLAIN: plain_transform.__name__, OURS: handler.__name__}
ENVIRONMENT = {
    "ICEBERG_DATABASE_NAME": "web_log_iceberg_db",
    "ICEBERG_TABLE_NAME": "web_log_iceberg",
    "METRICS_NAMESPACE": "WebAnalytics",
    "ADD_EVENT_ID_AND_RECEIVED_AT": "true",
    "TRUNCATE_IP": "false",
}
CONTEXT = SimpleNamespace(aws_request_id="benchmark", function_name="benchmark")
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:benchmark"
ours: Callable[..., Any] = handler.lambda_handler  # as the runtime sees it
IMPORT = """
import time, awslambdaric.bootstrap
start = time.process_time()
import {module}
print(time.process_time() - start)
"""


def run() -> list[Result]:
    without_ids = loaded_with({**ENVIRONMENT, "ADD_EVENT_ID_AND_RECEIVED_AT": "false"})
    os.environ.update(ENVIRONMENT)
    event = {"records": [incoming(number, payload) for number, payload in enumerate(payloads())]}
    check_same_verdicts(event)
    return [*handler_alone(event, without_ids), *whole_invocation(event), *imports()]


def loaded_with(environment: dict[str, str]) -> Callable[..., Any]:
    """A second copy of the function, which keeps other settings than the first."""
    spec = importlib.util.find_spec(handler.__name__)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    os.environ.update(environment)
    module.settings()
    function: Callable[..., Any] = module.lambda_handler
    return function


def handler_alone(event: dict[str, Any], without_ids: Callable[..., Any]) -> list[Result]:
    rounds = in_process(
        {
            PLAIN: partial(plain_transform.lambda_handler, event, CONTEXT),
            OURS: partial(silently, partial(ours, event, CONTEXT)),
            CHECK: partial(silently, partial(without_ids, event, CONTEXT)),
            FLOOR: partial(decode_and_parse, event),
        },
        rounds=ROUNDS,
        warm_up=3,
    )
    return [
        Result(
            name="records per CPU second, times the reference",
            value=rounds.ratio(PLAIN, OURS),
            unit="x",
            target=8,
        ),
        Result(
            name="ids and arrivals, CPU times the function without them",
            value=rounds.ratio(OURS, CHECK),
            unit="x",
            target=1.4,
            better="lower",
        ),
        Result(
            name=f"without ids, CPU times {FLOOR}",
            value=rounds.ratio(CHECK, FLOOR),
            unit="x",
            target=1,
            better="lower",
        ),
        *(
            Result(name=f"{variant}, a record", value=rounds.median(variant) / RECORDS * 1e6, unit="µs")
            for variant in (PLAIN, OURS, CHECK, FLOOR)
        ),
    ]


def whole_invocation(event: dict[str, Any]) -> list[Result]:
    body = json.dumps(event).encode()
    rounds = in_process(
        {
            PLAIN: partial(invoke, plain_transform.lambda_handler, body),
            OURS: partial(silently, partial(invoke, handler.lambda_handler, body)),
        },
        rounds=ROUNDS,
        warm_up=3,
    )
    return [
        Result(
            name="whole invocation through AWS's runtime client, times as fast as the reference",
            value=rounds.ratio(PLAIN, OURS),
            unit="x",
            target=2.5,
        )
    ]


def imports() -> list[Result]:
    rounds = in_turn({name: partial(import_seconds, module) for name, module in MODULES.items()}, rounds=11)
    return [
        Result(
            name="import, times the reference's",
            value=rounds.ratio(OURS, PLAIN),
            unit="x",
            target=1.5,
            better="lower",
        ),
        *(
            Result(name=f"{variant}, import", value=rounds.median(variant) * 1e3, unit="ms")
            for variant in (PLAIN, OURS)
        ),
    ]


class Client(LambdaRuntimeClient):  # type: ignore[misc]
    """AWS's client, whose answers go no further: what is left is the runtime's own work on a request."""

    def post_invocation_result(self, invoke_id: str, result_data: str, *rest: object) -> None:
        result_data.encode()

    def post_invocation_error(self, invoke_id: str, error: str, *rest: object) -> None:
        raise RuntimeError(f"The function failed while it was measured: {error}")


def invoke(function: Callable[..., Any], body: bytes) -> None:
    bootstrap.handle_event_request(
        lambda_runtime_client=Client("127.0.0.1"),
        request_handler=function,
        invoke_id="benchmark",
        event_body=body,
        content_type="application/json",
        client_context_json=None,
        cognito_identity_json=None,
        invoked_function_arn=FUNCTION_ARN,
        epoch_deadline_time_in_ms=0,
        tenant_id=None,
        log_sink=None,
    )


def silently(call: Callable[[], Any]) -> Any:
    """The function's log lines are part of its work; the terminal is not."""
    with contextlib.redirect_stdout(io.StringIO()):
        return call()


def decode_and_parse(event: dict[str, Any]) -> None:
    for record in event["records"]:
        with contextlib.suppress(ValueError):
            orjson.loads(base64.b64decode(record["data"]))


def import_seconds(module: str) -> float:
    """The CPU time of the module's import in a fresh process that has loaded AWS's runtime before."""
    code = IMPORT.format(module=module)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(done.stdout)


def check_same_verdicts(event: dict[str, Any]) -> None:
    plain = plain_transform.lambda_handler(event, CONTEXT)["records"]
    replies = silently(partial(ours, event, CONTEXT))["records"]
    for number, (a, b) in enumerate(zip(plain, replies, strict=True)):
        if a["result"] != b["result"]:
            raise RuntimeError(
                f"Record {number}: the reference says {a['result']}, the function {b['result']}."
            )


def incoming(number: int, payload: bytes) -> dict[str, Any]:
    """A record as Firehose hands it over from a Kinesis data stream."""
    return {
        "recordId": f"{49_640_000_000_000 + number:056d}000000",
        "approximateArrivalTimestamp": 1_795_000_000_000 + number,
        "data": base64.b64encode(payload).decode(),
        "kinesisRecordMetadata": {
            "sequenceNumber": f"{49_640_000_000_000 + number:056d}",
            "subsequenceNumber": 0,
            "partitionKey": f"user-{number}",
            "shardId": "shardId-000000000000",
            "approximateArrivalTimestamp": 1_795_000_000_000 + number,
        },
    }


def payloads() -> list[bytes]:
    rng = random.Random(2026)
    good = [web_log(rng) for _ in range(RECORDS)]
    encoded = [json.dumps(event).encode() + b"\n" for event in good]
    for number, spoil in zip(range(50, RECORDS, 100), itertools.cycle(SPOILS), strict=False):
        encoded[number] = spoil(good[number])
    return encoded


def web_log(rng: random.Random) -> dict[str, str]:
    """About 490 bytes, as a browser's event has, within the minute that Firehose buffers by default."""
    second = rng.randrange(34_200, 34_260)
    return {
        "user_id": f"user-{rng.randrange(10**9):09d}",
        "session_id": rng.randbytes(16).hex(),
        "event": rng.choice(["visit", "view", "list", "like", "cart", "purchase"]),
        "referrer": f"https://www.example.com/search?q={rng.randbytes(24).hex()}",
        "user_agent": f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{rng.randrange(150)}",
        "ip": ".".join(str(rng.randrange(256)) for _ in range(4)),
        "hostname": f"web-{rng.randrange(100)}.example.com",
        "os": rng.choice(["Linux", "Windows 11", "macOS 15", "Android 16", "iOS 26"]),
        "timestamp": f"2026-11-21T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z",
        "uri": f"/list/{rng.randbytes(12).hex()}",
    }


SPOILS: list[Callable[[dict[str, str]], bytes]] = [
    lambda event: json.dumps(event).encode()[:-9],
    lambda event: json.dumps([event]).encode(),
    lambda event: json.dumps({name: text for name, text in event.items() if name != "user_id"}).encode(),
    lambda event: json.dumps({**event, "hostname": None}).encode(),
    lambda event: json.dumps({**event, "ip": 212234672}).encode(),
    lambda event: json.dumps({**event, "timestamp": "2022-09-16 07:35:46"}).encode(),
]
