"""The Glue actions that change external tables, views and their partitions. Iceberg tables change by SQL.

https://docs.aws.amazon.com/glue/latest/webapi/API_CreateTable.html
https://docs.aws.amazon.com/glue/latest/webapi/API_BatchCreatePartition.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from local_runtime.errors import AwsError, LocalRuntimeError

if TYPE_CHECKING:
    from local_runtime.lakehouse.external_tables import ExternalTable, Values
    from local_runtime.lakehouse.lakehouse import Lakehouse

Request = dict[str, Any]
Response = dict[str, Any]

INVALID, NOT_FOUND, EXISTS = "InvalidInputException", "EntityNotFoundException", "AlreadyExistsException"
_DATABASE_NAME = re.compile(r"[\w-]{1,255}")
MOST_PARTITIONS = {"BatchCreatePartition": 100, "BatchDeletePartition": 25}


class GlueWrites:
    """Answers by action. `lakehouse` waits until the tables are there."""

    def __init__(self, lakehouse: Callable[[], Lakehouse]) -> None:
        self._lakehouse = lakehouse
        self.actions: dict[str, Callable[[Request], Response]] = {
            "CreateDatabase": self._create_database,
            "CreateTable": self._create_table,
            "UpdateTable": self._update_table,
            "DeleteTable": self._delete_table,
            "CreatePartition": self._create_partition,
            "BatchCreatePartition": self._batch_create,
            "UpdatePartition": self._update_partition,
            "DeletePartition": self._delete_partition,
            "BatchDeletePartition": self._batch_delete,
        }

    def _create_database(self, request: Request) -> Response:
        name = _text(_object(request, "DatabaseInput"), "Name").lower()
        if _DATABASE_NAME.fullmatch(name) is None:
            shown = f"Name must be 1-255 letters, digits, _ or - in the local run (got {name!r})"
            raise AwsError(INVALID, shown)
        if name in self._lakehouse().databases():
            raise AwsError(EXISTS, f"Database {name} already exists.")
        self._lakehouse().create_database(name)
        return {}

    def _create_table(self, request: Request) -> Response:
        table = self._given(request)
        if table.name in self._lakehouse().tables(table.database):
            raise AwsError(EXISTS, f"Table {table.name} already exists.")
        self._put(table)
        return {}

    def _update_table(self, request: Request) -> Response:
        table = self._given(request)
        self._existing(table.database, table.name)
        self._put(table)
        return {}

    def _delete_table(self, request: Request) -> Response:
        table = self._existing(_text(request, "DatabaseName"), _text(request, "Name"))
        self._lakehouse().external.delete(table.database, table.name)
        return {}

    def _given(self, request: Request) -> ExternalTable:
        """The table of a `TableInput`, checked as a template's is."""
        from local_runtime.lakehouse.declared_tables import check_table

        database, table_input = _text(request, "DatabaseName").lower(), _object(request, "TableInput")
        _text(table_input, "Name")
        if database not in self._lakehouse().databases():
            raise AwsError(NOT_FOUND, f"Database {database} not found.")
        try:
            return check_table(database, table_input)
        except LocalRuntimeError as error:
            raise AwsError(INVALID, str(error)) from error

    def _put(self, table: ExternalTable) -> None:
        lakehouse = self._lakehouse()
        if not table.is_view:
            try:
                lakehouse.check_location(f"{table.database}.{table.name}", table.location)
            except LocalRuntimeError as error:
                raise AwsError(INVALID, str(error)) from error
        lakehouse.external.put(table.database, table.table_input)

    def _existing(self, database: str, name: str) -> ExternalTable:
        table = self._lakehouse().external.get(database, name)
        if table is None and name.lower() in self._lakehouse().tables(database.lower()):
            message = f"{name} is an Iceberg table: the local run changes those by SQL and by templates"
            raise AwsError(INVALID, message)
        if table is None:
            raise AwsError(NOT_FOUND, f"Table {name} not found.")
        return table

    # -- partitions

    def _table(self, request: Request) -> ExternalTable:
        return self._existing(_text(request, "DatabaseName"), _text(request, "TableName"))

    def _create_partition(self, request: Request) -> Response:
        table = self._table(request)
        values, folder = _partition(table, _object(request, "PartitionInput"))
        if values in self._lakehouse().external.partitions(table):
            raise AwsError(EXISTS, "Partition already exists.")
        self._lakehouse().external.add_partitions(table, {values: folder})
        return {}

    def _batch_create(self, request: Request) -> Response:
        """Those that are there are told as errors; the others are made."""
        table = self._table(request)
        known = self._lakehouse().external.partitions(table)
        added: dict[Values, str] = {}
        errors = []
        for given in _items(request, "PartitionInputList", "BatchCreatePartition"):
            values, folder = _partition(table, given)
            if values in known or values in added:
                errors.append(_failed(values, EXISTS, "Partition already exists."))
            else:
                added[values] = folder
        self._lakehouse().external.add_partitions(table, added)
        return {"Errors": errors} if errors else {}

    def _update_partition(self, request: Request) -> Response:
        table = self._table(request)
        old = _values(table, request.get("PartitionValueList"))
        values, folder = _partition(table, _object(request, "PartitionInput"))
        external = self._lakehouse().external
        if old not in external.partitions(table):
            raise AwsError(NOT_FOUND, "Partition not found.")
        if values != old:
            external.drop_partition(table, old)
        external.add_partitions(table, {values: folder})
        return {}

    def _delete_partition(self, request: Request) -> Response:
        table = self._table(request)
        values = _values(table, request.get("PartitionValues"))
        if values not in self._lakehouse().external.partitions(table):
            raise AwsError(NOT_FOUND, "Partition not found.")
        self._lakehouse().external.drop_partition(table, values)
        return {}

    def _batch_delete(self, request: Request) -> Response:
        table = self._table(request)
        known = self._lakehouse().external.partitions(table)
        errors = []
        for given in _items(request, "PartitionsToDelete", "BatchDeletePartition"):
            values = _values(table, given.get("Values"))
            if values in known:
                self._lakehouse().external.drop_partition(table, values)
            else:
                errors.append(_failed(values, NOT_FOUND, "Partition not found."))
        return {"Errors": errors} if errors else {}


def _failed(values: Values, code: str, message: str) -> dict[str, Any]:
    detail = {"ErrorCode": code, "ErrorMessage": message}
    return {"PartitionValues": list(values), "ErrorDetail": detail}


def _partition(table: ExternalTable, given: Mapping[str, Any]) -> tuple[Values, str]:
    """Values and folder of a `PartitionInput`; without a location, `key=value/...` below the table's."""
    from local_runtime.lakehouse.external_tables import partition_folder
    from local_runtime.lakehouse.object_keys import split_uri

    values = _values(table, given.get("Values"))
    location = given.get("StorageDescriptor", {}).get("Location") or partition_folder(table, values)
    try:
        split_uri(location)
    except LocalRuntimeError as error:
        raise AwsError(INVALID, str(error)) from error
    return values, str(location)


def _values(table: ExternalTable, given: Any) -> Values:
    keys = table.partition_keys
    if not isinstance(given, list) or not all(isinstance(value, str) for value in given):
        raise AwsError("ValidationException", f"a list of partition values is needed (got {given!r})")
    if len(given) != len(keys):
        message = f"The number of partition keys do not match the number of partition values: {given}"
        raise AwsError(INVALID, message)
    return tuple(given)


def _items(request: Request, member: str, action: str) -> list[dict[str, Any]]:
    given, most = request.get(member), MOST_PARTITIONS[action]
    if not isinstance(given, list) or len(given) > most or not all(isinstance(it, dict) for it in given):
        raise AwsError("ValidationException", f"{member} must be a list of at most {most} objects")
    return given


def _object(request: Mapping[str, Any], member: str) -> dict[str, Any]:
    value = request.get(member)
    if not isinstance(value, dict):
        raise AwsError("ValidationException", f"{member} must be an object (got {value!r})")
    return value


def _text(request: Mapping[str, Any], member: str) -> str:
    value = request.get(member)
    if not isinstance(value, str) or not value:
        raise AwsError("ValidationException", f"{member} must be a non-empty string (got {value!r})")
    return value
