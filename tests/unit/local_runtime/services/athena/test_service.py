"""The Athena API over a real engine: reuse of results, scan limits, buckets and locations of workgroups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.athena.engine import Athena
from local_runtime.errors import AwsError
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.lakehouse.object_store import ObjectStore
from local_runtime.services.athena.service import AthenaService
from local_runtime.services.glue import GlueService

ACCOUNT = "123456789012"


def work_group(name: str, **configuration: Any) -> Resource:
    configuration = {"ResultConfiguration": {"OutputLocation": f"s3://results/{name}/"}, **configuration}
    properties = {"Name": name, "WorkGroupConfiguration": configuration}
    return Resource("Stack", name, "AWS::Athena::WorkGroup", properties, name, {})


class Client:
    """Calls the service and waits by its own pool: `run` gives a finished execution."""

    def __init__(self, state: Path) -> None:
        self.lakehouse = Lakehouse(state, ObjectStore(state / "s3"))
        self.lakehouse.objects.create_bucket("results")
        self.lakehouse.create_database("db")
        groups = (
            work_group("enforced"),
            work_group("free", EnforceWorkGroupConfiguration=False),
            work_group("small", BytesScannedCutoffPerQuery=10_000_000, EnforceWorkGroupConfiguration=False),
        )
        assembly = Assembly(Path("cdk.out"), "aws", "us-east-1", ACCOUNT, groups, {}, {})
        athena, glue = Athena(self.lakehouse), GlueService(lambda: self.lakehouse, ACCOUNT)
        self.service = AthenaService(
            assembly, state / "athena.db", lambda: athena, lambda: self.lakehouse, glue
        )

    def run(self, sql: str, group: str = "free", **request: Any) -> dict[str, Any]:
        started = self.service("StartQueryExecution", {"QueryString": sql, "WorkGroup": group, **request})
        while True:
            execution: dict[str, Any] = self.service("GetQueryExecution", started)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return execution

    def close(self) -> None:
        self.service.close()
        self.lakehouse.close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    made = Client(tmp_path)
    yield made
    made.close()


def reuse(minutes: int = 10) -> dict[str, Any]:
    by_age = {"Enabled": True, "MaxAgeInMinutes": minutes}
    return {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": by_age}}


def was_reused(execution: dict[str, Any]) -> bool:
    found: bool = execution["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]
    return found


def test_a_result_is_given_again_when_the_client_takes_one(client: Client) -> None:
    client.run("CREATE TABLE db.t WITH (format = 'PARQUET') AS SELECT 1 AS a")
    first = client.run("SELECT a FROM db.t", **reuse())
    client.run("INSERT INTO db.t VALUES (2)")
    again = client.run("SELECT a FROM db.t", **reuse())
    assert (was_reused(first), was_reused(again)) == (False, True)
    assert again["QueryExecutionId"] != first["QueryExecutionId"]
    assert again["ResultConfiguration"] == first["ResultConfiguration"]
    assert (again["Statistics"]["DataScannedInBytes"], first["Statistics"]["DataScannedInBytes"] > 0) == (
        0,
        True,
    )
    rows = client.service("GetQueryResults", again)["ResultSet"]["Rows"]
    assert [row["Data"][0]["VarCharValue"] for row in rows] == ["a", "1"]
    assert not was_reused(client.run("SELECT a FROM db.t"))


@pytest.mark.parametrize(
    "change",
    [
        lambda client: client.run("SELECT 1  AS a", **reuse()),
        lambda client: client.run("SELECT 1 AS a", "enforced", **reuse()),
        lambda client: client.run("SELECT 1 AS a", QueryExecutionContext={"Database": "db"}, **reuse()),
        lambda client: client.run("SELECT 1 AS a", **reuse(0)),
    ],
    ids=["another text", "another workgroup", "another database", "too old"],
)
def test_other_queries_are_run(client: Client, change: Callable[[Client], dict[str, Any]]) -> None:
    client.run("SELECT 1 AS a", **reuse())
    assert not was_reused(change(client))


def test_a_result_that_was_deleted_is_made_again(client: Client) -> None:
    location = client.run("SELECT 1 AS a", **reuse())["ResultConfiguration"]["OutputLocation"]
    client.lakehouse.objects.path_of_uri(location).unlink()
    assert not was_reused(client.run("SELECT 1 AS a", **reuse()))


def test_a_query_beyond_the_workgroups_scan_limit_is_cancelled(client: Client) -> None:
    serde = "org.openx.data.jsonserde.JsonSerDe"
    client.run(
        f"CREATE EXTERNAL TABLE db.big (a int) ROW FORMAT SERDE '{serde}' LOCATION 's3://results/big/'"
    )
    client.lakehouse.objects.put("results", "big/a", b'{"a": 1}' + b" " * 10_000_000)
    status = client.run("SELECT a FROM db.big", "small")["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Bytes scanned limit was exceeded")
    assert client.run("SELECT a FROM db.big")["Status"]["State"] == "SUCCEEDED"
    assert client.run("SELECT 1 AS a", "small")["Status"]["State"] == "SUCCEEDED"


def test_an_enforcing_workgroup_decides_on_locations(client: Client) -> None:
    mine = {"OutputLocation": "s3://results/mine/"}
    free = client.run("SELECT 1 AS a", ResultConfiguration=mine)["ResultConfiguration"]["OutputLocation"]
    enforced = client.run("SELECT 1 AS a", "enforced", ResultConfiguration=mine)
    assert free.startswith("s3://results/mine/")
    assert enforced["ResultConfiguration"]["OutputLocation"].startswith("s3://results/enforced/")
    ctas = "CREATE TABLE db.c WITH (external_location = 's3://results/c/') AS SELECT 1 AS a"
    status = client.run(ctas, "enforced")["Status"]
    assert "enforces a centralized output location" in status["StateChangeReason"]


def test_ctas_into_a_folder_with_objects_fails_and_leaves_them(client: Client) -> None:
    ctas = (
        "CREATE TABLE db.{} WITH (format = 'PARQUET', external_location = 's3://results/p/', "
        "partitioned_by = ARRAY['year', 'month', 'day', 'hour'], bucketed_by = ARRAY['a'], bucket_count = 1) "
        "AS SELECT 1 AS a, 2026 AS year, 11 AS month, 21 AS day, 10 AS hour"
    )
    assert client.run(ctas.format("c"))["Status"]["State"] == "SUCCEEDED"
    before = client.lakehouse.objects.list("results", "p/")
    assert before[0].startswith("p/year=2026/month=11/day=21/hour=10/")
    status = client.run(ctas.format("d"))["Status"]
    assert status["StateChangeReason"].startswith("HIVE_PATH_ALREADY_EXISTS")
    assert client.lakehouse.objects.list("results", "p/") == before


def test_other_catalogs_are_refused(client: Client) -> None:
    with pytest.raises(AwsError, match="Catalog Other is not found"):
        client.run("SELECT 1 AS a", QueryExecutionContext={"Catalog": "Other"})
