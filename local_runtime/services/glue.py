"""The Glue Data Catalog for reading: databases, tables and partitions; `GlueWrites` changes them.

https://docs.aws.amazon.com/glue/latest/webapi/WebAPI_Welcome.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from local_runtime.errors import AwsError
from local_runtime.services.glue_writes import GlueWrites
from local_runtime.services.paging import page

if TYPE_CHECKING:
    from local_runtime.lakehouse.external_tables import ExternalTable
    from local_runtime.lakehouse.lakehouse import Lakehouse

Request = dict[str, Any]
Response = dict[str, Any]

INVALID = "InvalidInputException"


class GlueService:
    """A `Service`. `lakehouse` waits until the tables are there."""

    def __init__(
        self,
        lakehouse: Callable[[], Lakehouse],
        account: str,
        more_actions: Mapping[str, Callable[[Request], Response]] = MappingProxyType({}),
    ) -> None:
        self._lakehouse = lakehouse
        self._account = account
        self._actions: dict[str, Callable[[Request], Response]] = {
            "GetDatabases": self._get_databases,
            "GetDatabase": self._get_database,
            "GetTables": self._get_tables,
            "GetTable": self._get_table,
            "GetPartitions": self._get_partitions,
            "GetPartition": self._get_partition,
            "BatchGetPartition": self._batch_get_partition,
            **GlueWrites(lakehouse).actions,
            **more_actions,
        }

    def __call__(self, action: str, request: Request) -> Response:
        answer = self._actions.get(action)
        if answer is None:
            known = ", ".join(sorted(self._actions))
            raise AwsError(
                "UnknownOperationException",
                f"Glue {action} is not run here; these are: {known}.",
            )
        return answer(request)

    def _get_databases(self, request: Request) -> Response:
        shown, more = page(self._lakehouse().databases(), request, most=100, error_code=INVALID)
        return {"DatabaseList": [self._database(name) for name in shown], **more}

    def _get_database(self, request: Request) -> Response:
        return {"Database": self._database(self._existing(_name(request, "Name")))}

    def _database(self, name: str) -> dict[str, Any]:
        return {"Name": name, "CatalogId": self._account, "CreateTableDefaultPermissions": []}

    def _existing(self, database: str) -> str:
        if database not in self._lakehouse().databases():
            raise AwsError("EntityNotFoundException", f"Database {database} not found.")
        return database

    def _get_tables(self, request: Request) -> Response:
        database = self._existing(_name(request, "DatabaseName"))
        names = self._lakehouse().tables(database)
        expression = request.get("Expression")
        if expression is not None:
            pattern = re.compile(_glue_pattern(str(expression)))
            names = [name for name in names if pattern.fullmatch(name)]
        shown, more = page(names, request, most=100, error_code=INVALID)
        tables = (self._find(database, name) for name in shown)
        return {"TableList": [table for table in tables if table is not None], **more}

    def _get_table(self, request: Request) -> Response:
        database = self._existing(_name(request, "DatabaseName"))
        name = _name(request, "Name")
        table = self._find(database, name)
        if table is None:
            raise AwsError("EntityNotFoundException", f"Table {name} not found.")
        return {"Table": table}

    def _find(self, database: str, name: str) -> dict[str, Any] | None:
        from local_runtime.services.glue_tables import glue_table

        return glue_table(self._lakehouse(), self._account, database, name)

    def _get_partitions(self, request: Request) -> Response:
        table = self._external(request)
        partitions = [] if table is None else self._partitions(table)
        if table is not None and request.get("Expression"):
            from local_runtime.services.glue_expression import compile_expression

            types = {key.name: key.type.lower() for key in table.partition_keys}
            matches = compile_expression(str(request["Expression"]), types)
            partitions = [
                item for item in partitions if matches(dict(zip(types, item["Values"], strict=True)))
            ]
        shown, more = page(partitions, request, most=1000, error_code=INVALID)
        return {"Partitions": list(shown), **more}

    def _get_partition(self, request: Request) -> Response:
        table = self._external(request)
        values = request.get("PartitionValues")
        for partition in [] if table is None else self._partitions(table):
            if partition["Values"] == values:
                return {"Partition": partition}
        raise AwsError("EntityNotFoundException", f"Cannot find partition {values}.")

    def _batch_get_partition(self, request: Request) -> Response:
        table = self._external(request)
        known = {tuple(item["Values"]): item for item in ([] if table is None else self._partitions(table))}
        wanted = [tuple(item.get("Values", ())) for item in request.get("PartitionsToGet", ())]
        return {
            "Partitions": [known[values] for values in wanted if values in known],
            "UnprocessedKeys": [{"Values": list(values)} for values in wanted if values not in known],
        }

    def _external(self, request: Request) -> ExternalTable | None:
        """The table when it is one of files; an Iceberg table has no partitions in Glue."""
        name = _name(request, "TableName")
        table = self._get_table({"DatabaseName": request.get("DatabaseName"), "Name": name})["Table"]
        return self._lakehouse().external.get(table["DatabaseName"], name)

    def _partitions(self, table: ExternalTable) -> list[dict[str, Any]]:
        from local_runtime.services.glue_tables import glue_partition

        found = self._lakehouse().external.partitions(table)
        return [glue_partition(table, values, location, self._account) for values, location in found.items()]


def _name(request: Request, member: str) -> str:
    value = request.get(member)
    if not isinstance(value, str) or not value:
        raise AwsError("ValidationException", f"{member} must be a non-empty string (got {value!r})")
    return value.lower()


def _glue_pattern(expression: str) -> str:
    """Glue's own: a regular expression in which `*` alone means anything."""
    try:
        pattern = re.sub(r"(?<![.\]\)])\*", ".*", expression)
        re.compile(pattern)
    except re.error as error:
        raise AwsError(INVALID, f"Expression is not valid: {expression!r}: {error}") from None
    return pattern
