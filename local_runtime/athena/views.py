"""Views: a query kept in the catalog the way Athena keeps it, and put in the place of its name.

https://docs.aws.amazon.com/athena/latest/ug/views.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import sqlglot
from sqlglot import exp

from local_runtime.athena.names import CATALOG
from local_runtime.athena.parameters import QUERY_DIALECT
from local_runtime.athena.result import Column
from local_runtime.lakehouse.external_tables import VIEW, ExternalTable

PREFIX, SUFFIX = "/* Presto View: ", " */"
HIVE_TYPES = {"varchar": "string", "integer": "int", "real": "float", "varbinary": "binary"}


def view_input(name: str, sql: str, columns: Sequence[Column], database: str | None) -> dict[str, Any]:
    """The `TableInput` of a view: Glue has its text encoded, and a comment where a table has a location."""
    document = {
        "originalSql": sql,
        "catalog": CATALOG,
        "schema": database,
        "columns": [{"name": column.name, "type": column.type} for column in columns],
    }
    encoded = base64.b64encode(json.dumps(document).encode()).decode()
    hive_columns = [
        {"Name": column.name, "Type": HIVE_TYPES.get(column.type, column.type)} for column in columns
    ]
    return {
        "Name": name,
        "TableType": VIEW,
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "PartitionKeys": [],
        "StorageDescriptor": {"Columns": hive_columns, "Location": "", "SerdeInfo": {}},
        "ViewOriginalText": f"{PREFIX}{encoded}{SUFFIX}",
        "ViewExpandedText": "/* Presto View */",
    }


def view_text(view: ExternalTable) -> str:
    return str(_document(view)["originalSql"])


def view_columns(view: ExternalTable) -> list[tuple[str, str]]:
    return [(str(column["name"]), str(column["type"])) for column in _document(view)["columns"]]


def view_query(view: ExternalTable) -> exp.Query:
    """The view's query, its tables resolved against the database that the view was made in."""
    document = _document(view)
    query = sqlglot.parse_one(document["originalSql"], read=QUERY_DIALECT)
    assert isinstance(query, exp.Query)  # nothing else was accepted when the view was made
    names = {cte.alias_or_name for cte in query.find_all(exp.CTE)}
    for table in query.find_all(exp.Table):
        if not table.db and table.name not in names and document.get("schema"):
            table.set("db", exp.to_identifier(document["schema"], quoted=True))
    return query


def _document(view: ExternalTable) -> dict[str, Any]:
    text = str(view.table_input.get("ViewOriginalText", ""))
    encoded = text.removeprefix(PREFIX).removesuffix(SUFFIX)
    document: dict[str, Any] = json.loads(base64.b64decode(encoded))
    return document
