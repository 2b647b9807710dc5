"""app_analytics in a run: producers of all kinds, the bucket, the crawler, nested SQL, the work group."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.conftest import ROOT, LocalRunProcess, StartRun

pytestmark = pytest.mark.xdist_group("app-analytics")  # one run for all of them

STREAM = "app-analytics-events"
DATABASE = "serverless-app-analytics-database"
TABLE = f'"{DATABASE}".firehose'


@pytest.fixture(scope="module")
def run(start_run: StartRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunProcess]:
    with start_run(tmp_path_factory.mktemp("run") / "state", system="app_analytics") as up:
        yield up


def client(run: LocalRunProcess, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=run.url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
    )


def event(customer: str, step: dict[str, Any]) -> bytes:
    fields = {"customerId": customer, "ipAddress": "192.0.2.1", "countryCode": "DE", "gender": "female"}
    return json.dumps({**fields, "trafficOrigin": "search", "event": step}).encode()


def put(run: LocalRunProcess, records: Sequence[bytes]) -> None:
    answer = client(run, "firehose").put_record_batch(
        DeliveryStreamName=STREAM, Records=[{"Data": record} for record in records]
    )
    assert answer["FailedPutCount"] == 0


def deliver_and_crawl(run: LocalRunProcess) -> None:
    run.flush()
    crawled = run.command("crawl")
    assert crawled.returncode == 0, crawled.stderr


def counts(run: LocalRunProcess) -> Counter[str]:
    rows = run.sql(f"select event.type as type, count(*) as n from {TABLE} group by event.type")
    return Counter({row["type"]: row["n"] for row in rows})


def test_records_are_lines_whether_their_producer_ends_them_or_not(run: LocalRunProcess) -> None:
    checkout = {"type": "checkout", "product": "mug", "amount": 9.5}
    records = [event("anna", {"type": "search", "product": None, "amount": 0}), event("anna", checkout)]
    put(run, [*records, *[record + b"\n" for record in records]])  # as the generator and as a log agent do
    deliver_and_crawl(run)
    assert counts(run) == {"search": 2, "checkout": 2}
    sql = f"select event.product, event.amount from {TABLE} where event.type = 'checkout'"
    assert run.sql(sql) == [{"product": "mug", "amount": 9.5}] * 2


def test_objects_lie_in_the_folder_of_their_hour(run: LocalRunProcess) -> None:
    s3 = client(run, "s3")
    (bucket,) = [item["Name"] for item in s3.list_buckets()["Buckets"]]
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert all(re.match(r"raw/firehose/20\d\d/\d\d/\d\d/\d\d/[^/]+$", key) for key in keys)


def test_a_new_nested_field_joins_the_table_at_the_next_crawl(run: LocalRunProcess) -> None:
    put(run, [event("ben", {"type": "view", "product": "cap", "amount": 0, "coupon": {"code": "X1"}})])
    deliver_and_crawl(run)
    sql = f"select customerid, event.coupon.code from {TABLE} where event.coupon is not null"
    assert run.sql(sql) == [{"customerid": "ben", "code": "X1"}]


@pytest.mark.parametrize(
    "template", [["--template", "app_event"], ["--template-file", "docs/examples/app_event.template.txt"]]
)
def test_what_the_generator_sends_is_found(run: LocalRunProcess, template: Sequence[str]) -> None:
    same = [*template, "--max-count", "1500", "--seed", "11"]
    before = counts(run)
    generate(run, [*same, "--target", "firehose", "--delivery-stream", STREAM, "--batch-size", "500"])
    deliver_and_crawl(run)
    printed = generate(run, [*same, "--dry-run"]).splitlines()
    assert counts(run) - before == Counter(json.loads(line)["event"]["type"] for line in printed)


def generate(run: LocalRunProcess, flags: Sequence[str]) -> str:
    finished = subprocess.run(
        [sys.executable, str(ROOT / "src/utils/gen_fake_data.py"), *flags],
        cwd=ROOT,
        env={**os.environ, "AWS_ENDPOINT_URL": run.url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_named_query_answers_in_the_work_group_and_leaves_its_result_in_the_bucket(
    run: LocalRunProcess,
) -> None:
    athena = client(run, "athena")
    ids = athena.list_named_queries(WorkGroup="app-analytics")["NamedQueryIds"]
    queries = {
        query["Name"]: query for query in athena.batch_get_named_query(NamedQueryIds=ids)["NamedQueries"]
    }
    query = queries["products_bought"]
    assert query["Database"] == DATABASE
    started = athena.start_query_execution(QueryString=query["QueryString"], WorkGroup=query["WorkGroup"])
    execution = finished_execution(athena, started["QueryExecutionId"])
    assert execution["Status"]["State"] == "SUCCEEDED"
    assert "/athena-results/" in execution["ResultConfiguration"]["OutputLocation"]
    results = athena.get_query_results(QueryExecutionId=started["QueryExecutionId"])["ResultSet"]["Rows"]
    header = [column["VarCharValue"] for column in results[0]["Data"]]
    assert header == ["product", "purchases", "customers", "revenue"]
    assert len(results) > 1


def finished_execution(athena: Any, execution_id: str) -> Any:
    deadline = time.monotonic() + 30
    while True:
        execution = athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return execution
        assert time.monotonic() < deadline
        time.sleep(0.05)
