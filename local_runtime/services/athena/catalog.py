"""Athena's view of the Data Catalog: one catalog, its databases, the metadata of tables.

https://docs.aws.amazon.com/athena/latest/APIReference/API_GetTableMetadata.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from local_runtime.errors import AwsError
from local_runtime.service import Service
from local_runtime.services.paging import page

CATALOG = "AwsDataCatalog"
INVALID = "InvalidRequestException"

Request = dict[str, Any]
Response = dict[str, Any]


class AthenaCatalog:
    """The catalog's actions, answered from Glue as Athena does it."""

    def __init__(self, glue: Service) -> None:
        self._glue = glue
        self.actions: dict[str, Callable[[Request], Response]] = {
            "ListDataCatalogs": self._list_data_catalogs,
            "GetDataCatalog": self._get_data_catalog,
            "ListDatabases": self._list_databases,
            "GetDatabase": self._get_database,
            "ListTableMetadata": self._list_table_metadata,
            "GetTableMetadata": self._get_table_metadata,
        }

    def _list_data_catalogs(self, _request: Request) -> Response:
        return {"DataCatalogsSummary": [{"CatalogName": CATALOG, "Type": "GLUE"}]}

    def _get_data_catalog(self, request: Request) -> Response:
        self._check_catalog(request, "Name")
        return {"DataCatalog": {"Name": CATALOG, "Type": "GLUE", "Status": "CREATE_COMPLETE"}}

    def _list_databases(self, request: Request) -> Response:
        self._check_catalog(request)
        databases = self._glue("GetDatabases", {})["DatabaseList"]
        shown, more = page(databases, request, most=50, error_code=INVALID)
        return {"DatabaseList": [{"Name": item["Name"]} for item in shown], **more}

    def _get_database(self, request: Request) -> Response:
        self._check_catalog(request)
        found = self._ask("GetDatabase", {"Name": request.get("DatabaseName")})["Database"]
        return {"Database": {"Name": found["Name"]}}

    def _list_table_metadata(self, request: Request) -> Response:
        self._check_catalog(request)
        tables = self._ask("GetTables", {"DatabaseName": request.get("DatabaseName")})["TableList"]
        expression = request.get("Expression")
        if expression is not None:
            pattern = _pattern(str(expression))
            tables = [table for table in tables if pattern.fullmatch(table["Name"])]
        shown, more = page(tables, request, most=50, error_code=INVALID)
        return {"TableMetadataList": [_metadata(table) for table in shown], **more}

    def _get_table_metadata(self, request: Request) -> Response:
        self._check_catalog(request)
        asked = {"DatabaseName": request.get("DatabaseName"), "Name": request.get("TableName")}
        return {"TableMetadata": _metadata(self._ask("GetTable", asked)["Table"])}

    def _ask(self, action: str, request: Request) -> Response:
        try:
            return self._glue(action, request)
        except AwsError as error:
            message = f"{error.code}: {error.message}"
            raise AwsError("MetadataException", message) from error

    def _check_catalog(self, request: Request, member: str = "CatalogName") -> None:
        name = request.get(member)
        if not isinstance(name, str) or name.lower() != CATALOG.lower():
            raise AwsError(INVALID, f"Data catalog {name} was not found; the local run has {CATALOG}")


def _metadata(table: dict[str, Any]) -> dict[str, Any]:
    storage = table.get("StorageDescriptor", {})
    parameters = {
        **table.get("Parameters", {}),
        "location": storage.get("Location"),
        "inputformat": storage.get("InputFormat"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": storage.get("SerdeInfo", {}).get("SerializationLibrary"),
    }
    return {
        "Name": table["Name"],
        "CreateTime": table.get("CreateTime", 0),
        "LastAccessTime": 0,
        "TableType": table.get("TableType", "EXTERNAL_TABLE"),
        "Columns": [_column(item) for item in storage.get("Columns", [])],
        "PartitionKeys": [_column(item) for item in table.get("PartitionKeys", [])],
        "Parameters": {name: value for name, value in parameters.items() if value is not None},
    }


def _column(column: dict[str, Any]) -> dict[str, Any]:
    return {name: column[name] for name in ("Name", "Type", "Comment") if column.get(name) is not None}


def _pattern(expression: str) -> re.Pattern[str]:
    try:
        return re.compile(expression)
    except re.error as error:
        raise AwsError(INVALID, f"Expression is not a regular expression: {error}") from None
