"""Athena's clients against a run: boto3 and PyAthena."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from pyathena import connect

pytestmark = pytest.mark.xdist_group("sdk-athena")  # one run for all of them

STREAM = "PUT-Firehose-aEhWz"
DATABASE = "web_log_iceberg_db"
EVENTS = 30
SQL = Path(__file__).resolve().parents[2] / "sql" / "web_analytics"
QUERIES, TABLES = sorted(SQL.glob("queries/*.sql")), sorted(SQL.glob("tables/*.sql"))
ENDLESS = (
    "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y)"
    " CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z) WHERE x * y + z = -1"
)


def settings(run: Any) -> dict[str, Any]:
    return {
        "endpoint_url": run.url,
        "region_name": "us-east-1",
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
    }


def event(number: int) -> bytes:
    fields = {
        "user_id": f"user-{number:03d}",
        "session_id": f"session-{number % 4}",
        "event": "visit" if number % 2 else "purchase",
        "ip": "192.0.2.1",
        "hostname": "example.com",
        "uri": "/",
        "timestamp": "2026-11-21T10:00:00Z",
        "referrer": None if number % 3 else 'say "hi",\nthere',
    }
    return json.dumps(fields).encode() + b"\n"


@pytest.fixture(scope="module")
def run(start_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with start_run(tmp_path_factory.mktemp("run") / "state", "--interval", "1") as up:
        entries = [{"Data": event(number), "PartitionKey": str(number)} for number in range(EVENTS)]
        boto3.client("kinesis", **settings(up)).put_records(StreamName=STREAM, Records=entries)
        up.flush()
        yield up


@pytest.fixture(scope="module")
def athena(run: Any) -> Any:
    return boto3.client("athena", **settings(run), config=Config(retries={"max_attempts": 0}))


def start(athena: Any, sql: str, **more: Any) -> str:
    context = {"Database": DATABASE}
    answer = athena.start_query_execution(QueryString=sql, QueryExecutionContext=context, **more)
    return str(answer["QueryExecutionId"])


def wait(athena: Any, execution_id: str, *states: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        execution = athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
        if execution["Status"]["State"] in (states or ("SUCCEEDED", "FAILED", "CANCELLED")):
            return dict(execution)
        time.sleep(0.02)
    raise AssertionError(f"{execution_id} is still {execution['Status']}")


def cells(rows: list[dict[str, Any]]) -> list[list[str | None]]:
    return [[item.get("VarCharValue") for item in row["Data"]] for row in rows]


def test_a_query_succeeds_and_its_results_are_in_s3(run: Any, athena: Any) -> None:
    sql = "SELECT event, count(*) AS n FROM web_log_iceberg GROUP BY event ORDER BY event"
    execution_id = start(athena, sql)
    execution = wait(athena, execution_id)

    assert execution["Status"]["State"] == "SUCCEEDED"
    assert (execution["StatementType"], execution["WorkGroup"]) == ("DML", "primary")
    assert execution["Statistics"]["DataScannedInBytes"] > 0
    result = athena.get_query_results(QueryExecutionId=execution_id)["ResultSet"]
    half = str(EVENTS // 2)
    assert cells(result["Rows"]) == [["event", "n"], ["purchase", half], ["visit", half]]
    columns = [(item["Name"], item["Type"]) for item in result["ResultSetMetadata"]["ColumnInfo"]]
    assert columns == [("event", "varchar"), ("n", "bigint")]

    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location.endswith(f"/{execution_id}.csv")
    bucket, _, key = location.removeprefix("s3://").partition("/")
    body = boto3.client("s3", **settings(run)).get_object(Bucket=bucket, Key=key)["Body"].read()
    assert body.decode() == f'"event","n"\n"purchase","{half}"\n"visit","{half}"\n'


def test_results_come_in_pages_with_the_names_first(athena: Any) -> None:
    execution_id = start(athena, "SELECT user_id, referrer FROM web_log_iceberg ORDER BY user_id")
    wait(athena, execution_id)
    pages = athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=execution_id, PaginationConfig={"PageSize": 7}
    )
    sizes, rows = [], []
    for page in pages:
        sizes.append(len(page["ResultSet"]["Rows"]))
        rows += cells(page["ResultSet"]["Rows"])

    assert sizes == [7, 7, 7, 7, 3]
    assert rows[0] == ["user_id", "referrer"]
    referrers = [None if number % 3 else 'say "hi",\nthere' for number in range(EVENTS)]
    assert rows[1:] == [[f"user-{number:03d}", referrers[number]] for number in range(EVENTS)]


def test_parameters_are_bound_and_cannot_become_sql(athena: Any) -> None:
    sql = "SELECT count(*) FROM web_log_iceberg WHERE event = ? AND user_id <> '?'"
    for parameter, count in (("'visit'", EVENTS // 2), ("'x'' OR 1=1 --'", 0)):
        execution_id = start(athena, sql, ExecutionParameters=[parameter])
        assert wait(athena, execution_id)["Status"]["State"] == "SUCCEEDED"
        result = athena.get_query_results(QueryExecutionId=execution_id)["ResultSet"]
        assert cells(result["Rows"])[1] == [str(count)]

    for parameters in (["'visit'", "1"], ["'x' OR 1=1"]):
        execution_id = start(athena, sql, ExecutionParameters=parameters)
        assert wait(athena, execution_id)["Status"]["State"] == "FAILED"


def test_a_query_that_fails_says_why_and_has_no_results(athena: Any) -> None:
    execution_id = start(athena, "SELECT * FROM nowhere")
    status = wait(athena, execution_id)["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith("TABLE_NOT_FOUND: line 1:15")
    assert status["AthenaError"]["ErrorCategory"] == 2
    with pytest.raises(athena.exceptions.InvalidRequestException, match="did not finish successfully"):
        athena.get_query_results(QueryExecutionId=execution_id)


def test_stopping_a_query_interrupts_it(athena: Any) -> None:
    execution_id = start(athena, ENDLESS)
    wait(athena, execution_id, "RUNNING")
    with pytest.raises(athena.exceptions.InvalidRequestException, match="not yet finished"):
        athena.get_query_results(QueryExecutionId=execution_id)
    time.sleep(0.3)

    athena.stop_query_execution(QueryExecutionId=execution_id)

    assert wait(athena, execution_id)["Status"]["State"] == "CANCELLED"
    athena.stop_query_execution(QueryExecutionId=execution_id)  # no error, as on AWS


def test_more_queries_than_threads_wait_and_stopping_frees_the_threads(athena: Any) -> None:
    running = [start(athena, ENDLESS) for _ in range(6)]
    states = {wait(athena, key, "RUNNING", "QUEUED")["Status"]["State"] for key in running}
    assert "QUEUED" in states
    for key in running:
        athena.stop_query_execution(QueryExecutionId=key)

    assert wait(athena, start(athena, "SELECT 1"))["Status"]["State"] == "SUCCEEDED"
    batch = athena.batch_get_query_execution(QueryExecutionIds=[*running, "nobody"])
    assert {item["Status"]["State"] for item in batch["QueryExecutions"]} == {"CANCELLED"}
    assert [item["QueryExecutionId"] for item in batch["UnprocessedQueryExecutionIds"]] == ["nobody"]


def test_a_request_sent_twice_runs_once(athena: Any) -> None:
    token = str(uuid.uuid4())
    first = start(athena, "SELECT 1", ClientRequestToken=token)
    assert start(athena, "SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(athena.exceptions.InvalidRequestException, match="Idempotent"):
        start(athena, "SELECT 2", ClientRequestToken=token)
    listed = athena.list_query_executions(MaxResults=5)["QueryExecutionIds"]
    assert first in listed


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"QueryString": "SELEC 1"}, "mismatched input"),
        ({"QueryString": "SELECT 1", "WorkGroup": "nobody"}, "WorkGroup nobody is not found"),
        (
            {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "http://x"}},
            "not a valid S3 path",
        ),
    ],
)
def test_requests_that_are_refused_at_once(athena: Any, request_: dict[str, Any], message: str) -> None:
    with pytest.raises(athena.exceptions.InvalidRequestException, match=message):
        athena.start_query_execution(**request_)


def test_results_need_a_bucket_that_exists(athena: Any) -> None:
    location = {"OutputLocation": "s3://nobody-has-this/"}
    status = wait(athena, start(athena, "SELECT 1", ResultConfiguration=location))["Status"]
    assert status["State"] == "FAILED"
    assert "nobody-has-this" in status["StateChangeReason"]


def test_the_catalog_is_there(athena: Any) -> None:
    catalog = {"CatalogName": "AwsDataCatalog"}
    assert athena.list_data_catalogs()["DataCatalogsSummary"][0]["CatalogName"] == "AwsDataCatalog"
    assert athena.get_data_catalog(Name="AwsDataCatalog")["DataCatalog"]["Type"] == "GLUE"
    assert [item["Name"] for item in athena.list_databases(**catalog)["DatabaseList"]] == [DATABASE]
    tables = athena.list_table_metadata(**catalog, DatabaseName=DATABASE)["TableMetadataList"]
    kinds = {table["Name"]: table["Parameters"].get("table_type") for table in tables}
    assert kinds == {"web_log_iceberg": "ICEBERG", "web_log_failed_records": None}
    names = {"DatabaseName": DATABASE, "TableName": "web_log_iceberg"}
    metadata = athena.get_table_metadata(**catalog, **names)["TableMetadata"]
    assert (metadata["Columns"][0]["Name"], metadata["Columns"][0]["Type"]) == ("user_id", "string")
    assert athena.get_work_group(WorkGroup="primary")["WorkGroup"]["State"] == "ENABLED"
    with pytest.raises(athena.exceptions.MetadataException, match="EntityNotFoundException"):
        athena.get_table_metadata(**catalog, DatabaseName=DATABASE, TableName="nobody")


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_pyathena_runs_the_projects_queries(run: Any, path: Path) -> None:
    with connect(schema_name=DATABASE, work_group="primary", poll_interval=0.02, **settings(run)) as session:
        cursor = session.cursor()
        cursor.execute(path.read_text())
        assert cursor.description
        assert cursor.fetchall()


def test_pyathena_gets_python_values(run: Any) -> None:
    with connect(schema_name=DATABASE, work_group="primary", poll_interval=0.02, **settings(run)) as session:
        cursor = session.cursor()
        cursor.execute(
            "SELECT count(*), max(timestamp), bool_or(referrer IS NULL) FROM web_log_iceberg"
            " WHERE user_id LIKE %(user)s",
            {"user": "user-00%"},
        )
        ((count, newest, some),) = cursor.fetchall()
    assert (count, newest.isoformat(), some) == (10, "2026-11-21T10:00:00", True)


def test_pyathena_makes_the_table_by_the_projects_ddl(run: Any) -> None:
    with connect(schema_name=DATABASE, work_group="primary", poll_interval=0.02, **settings(run)) as session:
        cursor = session.cursor()
        cursor.execute("DROP TABLE web_log_iceberg")
        for path in TABLES:
            cursor.execute(path.read_text())
        cursor.execute("SHOW TABLES")
        assert ("web_log_iceberg",) in cursor.fetchall()
        cursor.execute("SELECT count(*) FROM web_log_iceberg")
        assert cursor.fetchall() == [(0,)]
