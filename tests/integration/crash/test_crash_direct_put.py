"""Runs with Direct PUT are killed under load: the bucket holds each acknowledged record, and each one once.

`CRASH_KILLS=60` makes 30 kills at named points and 30 at random moments (`make test-crash`).
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local_runtime.firehose.crash_point import CRASH_POINTS
from tests.conftest import LocalRunProcess, StartRun
from tests.integration.crash.harness import CrashHarness, Send, http_client, is_bad

KILLS = int(os.environ.get("CRASH_KILLS", "2"))
POINTS = tuple(reversed(CRASH_POINTS[:3])) + CRASH_POINTS[3:]
"""With few kills: first where the object is there and the ledger does not know it."""
EVENTS, CLICKS = "app-analytics-events", "click-logger-firehose-delivery-stream"
TOKENS, ITEMS, TABLE = "click-logger/tokens", "click-logger-table", "click_logger_db.click_log"

pytestmark = pytest.mark.timeout(60 + 20 * KILLS)


def aws(port: int, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"max_attempts": 0}, read_timeout=10),
    )


def events_client(port: int) -> Send:
    """Batches put straight to the delivery stream."""
    firehose = aws(port, "firehose")

    def send(batch: Sequence[int]) -> bool:
        records = [{"Data": json.dumps({"customerId": str(number)}).encode()} for number in batch]
        answer = firehose.put_record_batch(DeliveryStreamName=EVENTS, Records=records)
        return bool(answer["FailedPutCount"] == 0)

    return send


def clicks_client(port: int) -> Send:
    """One click a request, through authorizer and function; some records that are no clicks, put directly."""
    firehose = aws(port, "firehose")
    secret = aws(port, "secretsmanager").get_secret_value(SecretId=TOKENS)["SecretString"]
    (token,) = json.loads(secret).values()
    post = http_client(port, "POST", "/click-logger-api/dev/clicklogger")

    def send(batch: Sequence[int]) -> bool:
        (number,) = batch
        if not is_bad(number):
            return post(click(number), {"Authorization": token}) == 200
        record = {"Data": json.dumps({"requestid": str(number)}).encode()}
        firehose.put_record(DeliveryStreamName=CLICKS, Record=record)
        return True

    return send


def click(number: int) -> dict[str, str]:
    names = ("contextid", "callerid", "component", "action", "type")
    return {"requestid": str(number), **dict.fromkeys(names, "x")}


def check(harness: CrashHarness, stored: Counter[int], failed: Sequence[int]) -> None:
    """Acknowledged is stored or failed, each once; what was not acknowledged may be there, once."""
    assert set(stored.values()) <= {1}, "a record was stored twice"
    assert len(failed) == len(set(failed)), "a failed record was kept twice"
    known = set(harness.acknowledged) | set(harness.unknown)
    assert set(harness.acknowledged) <= set(stored) | set(failed) <= known
    assert not set(stored) & set(failed)


def test_json_lines_in_a_bucket_survive_kills(start_run: StartRun, tmp_path: Path) -> None:
    state = tmp_path / "state"
    harness = CrashHarness(start_run, state, 3, system="app_analytics", client=events_client)
    harness.crash(KILLS, POINTS)
    account, _, failed = harness.settle(lambda run: None)
    print(f"\nJSON lines, {account}")

    paths = [path for path in (state / "s3").rglob("raw/firehose/**/*") if path.is_file()]
    lines = [line for path in paths for line in path.read_bytes().splitlines()]
    stored = Counter(int(json.loads(line)["customerId"]) for line in lines)
    check(harness, stored, [])
    assert (len(lines), failed) == (account.stored, [])


def test_clicks_in_parquet_and_dynamodb_survive_kills(start_run: StartRun, tmp_path: Path) -> None:
    harness = CrashHarness(
        start_run, tmp_path / "state", 4, system="click_logger", client=clicks_client, batch=1
    )
    harness.crash(KILLS, POINTS)
    account, (rows, items), errors = harness.settle(rows_and_items)
    print(f"\nclicks, {account}")

    failed = [int(record["requestid"]) for record in errors]
    check(harness, Counter(int(row["requestid"]) for row in rows), failed)
    assert all(is_bad(number) for number in failed)
    assert (len(rows), len(failed)) == (account.stored, account.failed)
    assert sorted(map(key_of, rows)) == sorted(map(key_of, items)), "Parquet and DynamoDB differ"


def rows_and_items(run: LocalRunProcess) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Every click as Athena sees it and as DynamoDB has it."""
    pages = aws(run.port, "dynamodb").get_paginator("scan").paginate(TableName=ITEMS)
    items = [{name: value["S"] for name, value in item.items()} for page in pages for item in page["Items"]]
    return run.sql(f"select * from {TABLE}"), items


def key_of(fields: dict[str, Any]) -> tuple[str, ...]:
    """A click's fields; its moment in one form, which Athena and DynamoDB write in two."""
    moment = datetime.fromisoformat(fields["createdtime"].replace("Z", "+00:00"))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    names = ("requestid", "contextid", "callerid", "component", "action", "type", "clientip")
    return (*(fields[name] for name in names), moment.isoformat())
