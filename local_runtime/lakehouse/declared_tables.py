"""External tables as templates declare them: AWS::Glue::Table with a `TableInput`.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-glue-table-tableinput.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_runtime.assembly.model import Resource
from local_runtime.errors import LocalRuntimeError, UnsupportedResourceError
from local_runtime.lakehouse.external_tables import ExternalTable
from local_runtime.lakehouse.object_keys import split_uri


def is_external(resource: Resource) -> bool:
    return "OpenTableFormatInput" not in resource.properties


def declared_table(resource: Resource) -> ExternalTable:
    """The table or view of a resource.

    Raises:
        UnsupportedResourceError: a part of it is missing, or Athena could not read its files here.
    """
    given: Mapping[str, Any] = resource.properties.get("TableInput", {})
    database, name = resource.properties.get("DatabaseName"), given.get("Name")
    if not isinstance(database, str) or not isinstance(name, str) or not database or not name:
        raise _unsupported(resource, "DatabaseName and TableInput.Name must be non-empty strings")
    try:
        return check_table(database, given)
    except LocalRuntimeError as error:
        raise _unsupported(resource, str(error)) from error


def check_table(database: str, table_input: Mapping[str, Any]) -> ExternalTable:
    """The table or view of a `TableInput` with a name.

    Raises:
        LocalRuntimeError: Athena could not read its files here.
    """
    table = ExternalTable(database.lower(), str(table_input["Name"]).lower(), _with_texts(table_input))
    if table.parameters.get("table_type", "").upper() == "ICEBERG":
        raise LocalRuntimeError("an Iceberg table is declared by OpenTableFormatInput, or made by SQL")
    if not table.is_view:
        split_uri(table.location)
        table.format  # noqa: B018
    return table


def _with_texts(table_input: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation makes texts of the numbers and truth values among a table's parameters."""
    texts = {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in table_input.get("Parameters", {}).items()
    }
    return {**table_input, "Parameters": texts}


def _unsupported(resource: Resource, detail: str) -> UnsupportedResourceError:
    return UnsupportedResourceError(resource.type, resource.stack, resource.logical_id, detail)
