"""Real tables for tests: resources as CloudFormation resolves them, documents as Firehose hands them over."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from local_runtime.assembly.model import Resource
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.lakehouse.object_store import ObjectStore

DATABASE = "web_log_iceberg_db"
TABLE = "web_log_iceberg"
BUCKET = "web-analytics-us-east-1-123456789012"
COLUMNS = (
    *("user_id", "session_id", "event", "referrer", "user_agent"),
    *("ip", "hostname", "os", "timestamp", "uri"),
)
WEB_LOG_FIELDS: list[dict[str, Any]] = [
    {"Id": index, "Name": name, "Required": False, "Type": "timestamp" if name == "timestamp" else "string"}
    for index, name in enumerate(COLUMNS, start=1)
]
BY_EVENT_AND_DAY: list[dict[str, Any]] = [
    {"FieldId": 1000, "Name": "event", "SourceId": 3, "Transform": "identity"},
    {"FieldId": 1001, "Name": "timestamp_day", "SourceId": 9, "Transform": "day"},
]
PROPERTIES = {
    "format-version": "2",
    "write.format.default": "parquet",
    "write.parquet.compression-codec": "snappy",
    "optimize_rewrite_delete_file_threshold": "10",
}


def database_resource(name: str = DATABASE) -> Resource:
    return _resource("AWS::Glue::Database", {"CatalogId": "123456789012", "DatabaseInput": {"Name": name}})


def table_resource(
    fields: Sequence[dict[str, Any]] = WEB_LOG_FIELDS,
    partition_fields: Sequence[dict[str, Any]] = BY_EVENT_AND_DAY,
    name: str = TABLE,
    **properties: str,
) -> Resource:
    iceberg = {
        "Location": f"s3://{BUCKET}/{DATABASE}/{name}",
        "Schema": {"Type": "struct", "SchemaId": 0, "Fields": list(fields)},
        "PartitionSpec": {"SpecId": 0, "Fields": list(partition_fields)},
        "Properties": {**PROPERTIES, **properties},
    }
    return _resource(
        "AWS::Glue::Table",
        {
            "CatalogId": "123456789012",
            "DatabaseName": DATABASE,
            "Name": name,
            "OpenTableFormatInput": {
                "IcebergInput": {
                    "MetadataOperation": "CREATE",
                    "Version": "2",
                    "IcebergTableInput": iceberg,
                }
            },
        },
    )


def open_lakehouse(state: Path) -> Lakehouse:
    return Lakehouse(state, ObjectStore(state / "s3"))


def web_log_lakehouse(state: Path) -> Lakehouse:
    """A lakehouse with the main system's table, empty."""
    lakehouse = open_lakehouse(state)
    lakehouse.ensure_database(database_resource())
    lakehouse.ensure_table(table_resource())
    return lakehouse


def event(**fields: object) -> dict[str, object]:
    """A valid event; a field given as `...` is left out."""
    whole: dict[str, object] = {
        "user_id": "user-1",
        "session_id": "session-1",
        "event": "view",
        "referrer": None,
        "user_agent": "Mozilla/5.0",
        "ip": "192.0.2.1",
        "hostname": "shop.example.com",
        "os": "Linux",
        "timestamp": "2026-11-20T10:00:00Z",
        "uri": "/",
        **fields,
    }
    return {key: value for key, value in whole.items() if value is not ...}


def documents(events: Iterable[dict[str, object]]) -> list[bytes]:
    return [json.dumps(item).encode() + b"\n" for item in events]


def store(lakehouse: Lakehouse, events: Iterable[dict[str, object]], **summary: str) -> int:
    """Convert and append; every event must fit the table."""
    rows, rejected = lakehouse.convert(DATABASE, TABLE, documents(events))
    assert rejected == []
    return lakehouse.append(DATABASE, TABLE, rows, summary)


def _resource(kind: str, properties: dict[str, Any]) -> Resource:
    return Resource(
        stack="WebAnalytics",
        logical_id="Resource",
        type=kind,
        properties=properties,
        physical_id="x",
        attributes={},
    )
