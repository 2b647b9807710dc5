"""External tables and views of templates: made at start, kept as SQL left them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly.model import Resource
from local_runtime.assembly.types import Place, physical_id
from local_runtime.athena.engine import Athena
from local_runtime.errors import LocalRuntimeError, UnsupportedResourceError
from local_runtime.lakehouse.external_tables import JSON_SERDES
from local_runtime.lakehouse.lakehouse import Lakehouse
from tests.unit.local_runtime.lakehouse.tables import database_resource, open_lakehouse, table_resource

DATABASE = "mydatabase"


def declared(database: str = DATABASE, **changes: Any) -> Resource:
    table_input = {
        "Name": "Calls",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "json", "projection.enabled": True},
        "PartitionKeys": [{"Name": "year", "Type": "int"}],
        "StorageDescriptor": {
            "Columns": [{"Name": "requestId", "Type": "string"}, {"Name": "status", "Type": "int"}],
            "Location": "s3://logs/json-data/",
            "SerdeInfo": {"SerializationLibrary": JSON_SERDES[0]},
        },
        **changes,
    }
    properties = {"CatalogId": "123456789012", "DatabaseName": database, "TableInput": table_input}
    return Resource("Stack", "Table", "AWS::Glue::Table", properties, "Calls", {})


def opened(state: Path, resource: Resource) -> Lakehouse:
    lakehouse = open_lakehouse(state)
    lakehouse.ensure_database(database_resource(DATABASE))
    assert lakehouse.ensure_table(resource) == (DATABASE, "calls")
    return lakehouse


def test_table_is_there_with_its_bucket_and_can_be_queried(tmp_path: Path) -> None:
    lakehouse = opened(tmp_path, declared(Parameters={}))
    lakehouse.objects.put("logs", "json-data/year=2026/a", b'{"requestId":"r","status":"200"}\n')
    athena = Athena(lakehouse)
    athena.execute("MSCK REPAIR TABLE mydatabase.calls")
    result = athena.execute("SELECT requestid, status, year FROM mydatabase.calls")
    assert list(result.rows) == [("r", 200, 2026)]


def test_scalar_parameters_become_texts(tmp_path: Path) -> None:
    table = opened(tmp_path, declared()).external.get(DATABASE, "calls")
    assert table is not None
    assert table.parameters["projection.enabled"] == "true"


def test_what_sql_changed_stays_until_the_template_changes(tmp_path: Path) -> None:
    first = opened(tmp_path, declared(Parameters={}))
    athena = Athena(first)
    athena.execute("ALTER TABLE mydatabase.calls ADD COLUMNS (ip string)")
    athena.execute("ALTER TABLE mydatabase.calls ADD PARTITION (year = 2026)")
    first.close()

    second = opened(tmp_path, declared(Parameters={}))
    table = second.external.get(DATABASE, "calls")
    assert table is not None
    assert [column.name for column in table.columns] == ["requestid", "status", "ip"]
    second.close()

    third = opened(tmp_path, declared(Parameters={"classification": "json"}))
    table = third.external.get(DATABASE, "calls")
    assert table is not None
    assert [column.name for column in table.columns] == ["requestid", "status"]
    assert list(third.external.partitions(table)) == [("2026",)]


def test_ref_gives_the_name_in_the_table_input() -> None:
    place = Place("aws", "us-east-1", "123456789012")
    assert physical_id("AWS::Glue::Table", declared().properties, "Stack", "Table", place) == "Calls"


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (declared(database="nowhere"), "'nowhere' does not exist"),
        (declared(StorageDescriptor={"SerdeInfo": {"SerializationLibrary": JSON_SERDES[0]}}), "s3://"),
        (declared(StorageDescriptor={"Location": "s3://logs/x/"}), "reads files by the SerDes"),
        (declared(Name=""), "non-empty"),
        (declared(Parameters={"table_type": "ICEBERG"}), "OpenTableFormatInput"),
    ],
)
def test_what_cannot_be_a_table_here_is_refused_with_its_place(
    tmp_path: Path, resource: Resource, message: str
) -> None:
    lakehouse = open_lakehouse(tmp_path)
    lakehouse.ensure_database(database_resource(DATABASE))
    with pytest.raises((UnsupportedResourceError, LocalRuntimeError), match=message):
        lakehouse.ensure_table(resource)


def test_folder_of_an_iceberg_table_is_refused(tmp_path: Path) -> None:
    lakehouse = open_lakehouse(tmp_path)
    lakehouse.ensure_database(database_resource("web_log_iceberg_db"))
    lakehouse.ensure_database(database_resource(DATABASE))
    lakehouse.ensure_table(table_resource())
    location = lakehouse.table("web_log_iceberg_db", "web_log_iceberg").location()
    storage = {"Location": location, "SerdeInfo": {"SerializationLibrary": JSON_SERDES[0]}}
    with pytest.raises(LocalRuntimeError, match="overlaps"):
        lakehouse.ensure_table(declared(StorageDescriptor=storage))
