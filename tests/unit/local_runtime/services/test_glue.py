"""The Glue API over a real catalog: tables and partitions made, changed, found and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_runtime.athena.engine import Athena
from local_runtime.errors import AwsError
from local_runtime.lakehouse.external_tables import JSON_SERDES
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.services.glue import GlueService
from tests.unit.local_runtime.lakehouse.tables import DATABASE, TABLE, web_log_lakehouse

NAMES = {"DatabaseName": DATABASE, "TableName": "calls"}


def table_input(**changes: Any) -> dict[str, Any]:
    return {
        "Name": "calls",
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": "year", "Type": "int"}, {"Name": "kind", "Type": "string"}],
        "StorageDescriptor": {
            "Columns": [{"Name": "id", "Type": "string"}],
            "Location": "s3://logs/calls/",
            "SerdeInfo": {"SerializationLibrary": JSON_SERDES[0]},
        },
        **changes,
    }


def partition(*values: str, location: str | None = None) -> dict[str, Any]:
    storage = {} if location is None else {"StorageDescriptor": {"Location": location}}
    return {"Values": list(values), **storage}


@pytest.fixture
def lakehouse(tmp_path: Path) -> Iterator[Lakehouse]:
    made = web_log_lakehouse(tmp_path)
    made.objects.create_bucket("logs")
    yield made
    made.close()


@pytest.fixture
def glue(lakehouse: Lakehouse) -> GlueService:
    service = GlueService(lambda: lakehouse, "123456789012")
    service("CreateTable", {"DatabaseName": DATABASE, "TableInput": table_input()})
    return service


KNOWN = (("2025", "a"), ("2025", "b"), ("2026", "a"), ("900", "a"))


def values(answer: dict[str, Any]) -> list[list[str]]:
    return [item["Values"] for item in answer["Partitions"]]


def test_table_and_partitions_of_the_api_are_athenas(glue: GlueService, lakehouse: Lakehouse) -> None:
    lakehouse.objects.put("logs", "elsewhere/a", b'{"id":"x"}')
    lakehouse.objects.put("logs", "calls/year=2026/kind=b/a", b'{"id":"y"}')
    parts = [partition("2026", "a", location="s3://logs/elsewhere/"), partition("2026", "b")]
    assert glue("BatchCreatePartition", {**NAMES, "PartitionInputList": parts}) == {}
    rows = Athena(lakehouse).execute("SELECT id, year, kind FROM calls ORDER BY id", DATABASE).rows
    assert list(rows) == [("x", 2026, "a"), ("y", 2026, "b")]


def test_partitions_that_are_there_are_told_one_by_one(glue: GlueService) -> None:
    glue("CreatePartition", {**NAMES, "PartitionInput": partition("2026", "a")})
    parts = [partition("2026", "a"), partition("2026", "b")]
    (error,) = glue("BatchCreatePartition", {**NAMES, "PartitionInputList": parts})["Errors"]
    assert error["PartitionValues"] == ["2026", "a"]
    assert error["ErrorDetail"]["ErrorCode"] == "AlreadyExistsException"
    assert values(glue("GetPartitions", NAMES)) == [["2026", "a"], ["2026", "b"]]
    with pytest.raises(AwsError, match="already exists"):
        glue("CreatePartition", {**NAMES, "PartitionInput": partition("2026", "b")})
    given = {"PartitionsToDelete": [{"Values": ["2026", "a"]}, {"Values": ["1999", "a"]}]}
    (missing,) = glue("BatchDeletePartition", {**NAMES, **given})["Errors"]
    assert missing["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    glue("DeletePartition", {**NAMES, "PartitionValues": ["2026", "b"]})
    assert values(glue("GetPartitions", NAMES)) == []


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("year = 2025", ["2025a", "2025b"]),
        ("year > 2025 AND kind = 'a'", ["2026a"]),
        ("year >= '2025' and (kind <> 'a' or year = 2026)", ["2025b", "2026a"]),
        ("kind in ('a', 'y')", ["2025a", "2026a", "900a"]),
        ("year between 900 and 2025", ["2025a", "2025b", "900a"]),
        ("not kind like 'a%' and year > 0", ["2025b"]),
        ("year < 1000", ["900a"]),
    ],
)
def test_partitions_are_found_by_expressions(glue: GlueService, expression: str, expected: list[str]) -> None:
    for year, kind in (*KNOWN, ("__HIVE_DEFAULT_PARTITION__", "z")):
        glue("CreatePartition", {**NAMES, "PartitionInput": partition(year, kind)})
    found = values(glue("GetPartitions", {**NAMES, "Expression": expression}))
    assert sorted(year + kind for year, kind in found) == expected


@pytest.mark.parametrize(
    "expression", ["id = 'x'", "year", "year = kind", "year = 'x'", "(", "read_csv('x')"]
)
def test_expressions_that_are_none_are_refused(glue: GlueService, expression: str) -> None:
    with pytest.raises(AwsError, match="Expression is not valid"):
        glue("GetPartitions", {**NAMES, "Expression": expression})


def test_update_keeps_partitions_and_delete_keeps_files(glue: GlueService, lakehouse: Lakehouse) -> None:
    lakehouse.objects.put("logs", "calls/year=2026/kind=a/a", b'{"id":"x"}')
    glue("CreatePartition", {**NAMES, "PartitionInput": partition("2026", "a")})
    changed = table_input(Parameters={"classification": "json"})
    glue("UpdateTable", {"DatabaseName": DATABASE, "TableInput": changed})
    assert glue("GetTable", {"DatabaseName": DATABASE, "Name": "calls"})["Table"]["Parameters"] == {
        "classification": "json"
    }
    moved = partition("2027", "a", location="s3://logs/calls/year=2026/kind=a")
    glue("UpdatePartition", {**NAMES, "PartitionValueList": ["2026", "a"], "PartitionInput": moved})
    wanted = {"PartitionsToGet": [{"Values": ["2027", "a"]}, {"Values": ["2026", "a"]}]}
    answer = glue("BatchGetPartition", {**NAMES, **wanted})
    assert (values(answer), answer["UnprocessedKeys"]) == ([["2027", "a"]], [{"Values": ["2026", "a"]}])
    glue("DeleteTable", {"DatabaseName": DATABASE, "Name": "calls"})
    assert lakehouse.objects.list("logs") == ["calls/year=2026/kind=a/a"]
    with pytest.raises(AwsError, match="Table calls not found"):
        glue("GetTable", {"DatabaseName": DATABASE, "Name": "calls"})


@pytest.mark.parametrize(
    ("action", "request_", "message"),
    [
        (
            "CreateTable",
            {"DatabaseName": DATABASE, "TableInput": table_input()},
            "Table calls already exists",
        ),
        ("CreateTable", {"DatabaseName": "no", "TableInput": table_input()}, "Database no not found"),
        ("CreateTable", {"DatabaseName": DATABASE, "TableInput": {"Name": "x"}}, "s3://"),
        ("CreateTable", {"DatabaseName": DATABASE, "TableInput": {}}, "Name must be"),
        ("CreateDatabase", {"DatabaseInput": {"Name": DATABASE}}, "already exists"),
        ("CreateDatabase", {"DatabaseInput": {"Name": "../x"}}, "letters, digits"),
        ("CreateDatabase", {"DatabaseInput": {"Name": "x" * 256}}, "1-255"),
        ("UpdateTable", {"DatabaseName": DATABASE, "TableInput": table_input(Name="y")}, "Table y not found"),
        ("DeleteTable", {"DatabaseName": DATABASE, "Name": TABLE}, "is an Iceberg table"),
        ("CreatePartition", {**NAMES, "PartitionInput": partition("2026")}, "number of partition keys"),
        ("CreatePartition", {**NAMES, "PartitionInput": {}}, "list of partition values"),
        ("CreateCrawler", {}, "is not run here"),
    ],
)
def test_what_cannot_be_done_is_refused(
    glue: GlueService, action: str, request_: dict[str, Any], message: str
) -> None:
    with pytest.raises(AwsError, match=message):
        glue(action, request_)
