"""The transform function as one would write it first: the reference that the transform case compares with."""

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from fastavro import parse_schema
from fastavro.validation import validate

SCHEMA_FILE = Path(__file__).parents[1] / "schemas" / "web_analytics" / "web_log.avsc"
DEFINITION = json.loads(SCHEMA_FILE.read_text())
CLIENTS = [field for field in DEFINITION["fields"] if "pipeline" not in field]
SCHEMA = parse_schema({**DEFINITION, "fields": CLIENTS})
METADATA = {
    "otfMetadata": {
        "destinationDatabaseName": "web_log_iceberg_db",
        "destinationTableName": "web_log_iceberg",
        "operation": "insert",
    }
}


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return {"records": [transform(record) for record in event["records"]]}


def transform(record: dict[str, Any]) -> dict[str, Any]:
    try:
        document = json.loads(base64.b64decode(record["data"]))
        validate(document, SCHEMA)
        datetime.strptime(document["timestamp"], "%Y-%m-%dT%H:%M:%SZ")
    except Exception:
        return {"recordId": record["recordId"], "result": "ProcessingFailed", "data": record["data"]}
    data = base64.b64encode(json.dumps(document).encode()).decode()
    return {"recordId": record["recordId"], "result": "Ok", "data": data, "metadata": METADATA}
