"""Bring an existing table to what its template says now: added columns and properties, never a loss.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-evolving-table-schema.html
"""

from __future__ import annotations

from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.types import NestedField

from local_runtime.errors import LocalRuntimeError
from local_runtime.lakehouse.table_definition import TableDefinition


def update_table(table: Table, definition: TableDefinition) -> None:
    """Add the definition's new columns and properties in one commit; nothing happens when there are none.

    Raises:
        LocalRuntimeError: the definition changes or drops something that rows depend on.
    """
    name = f"{definition.database}.{definition.name}"
    if table.location() != definition.location:
        raise _conflict(name, "location", table.location(), definition.location)
    _check_partitioning(name, table, definition)
    added = _added_columns(name, table.schema(), definition.schema)
    properties = {
        key: value for key, value in definition.properties.items() if _property(table, key) != value
    }
    if not added and not properties:
        return
    with table.transaction() as transaction:
        if added:
            with transaction.update_schema() as update:
                for field in added:
                    update.add_column((field.name,), field.field_type, doc=field.doc)
        if properties:
            transaction.set_properties(properties)


def _property(table: Table, key: str) -> str | None:
    if key == "format-version":  # the metadata's own member, not one of its properties
        return str(table.metadata.format_version)
    return table.properties.get(key)


def _added_columns(name: str, existing: Schema, wanted: Schema) -> list[NestedField]:
    by_name = {field.name: field for field in existing.fields}
    for field in wanted.fields:
        before = by_name.pop(field.name, None)
        if before is None and field.required:
            raise LocalRuntimeError(
                f"table {name}: column {field.name!r} is new and required; a new column must be optional"
            )
        if before is not None and str(before.field_type) != str(field.field_type):
            column = f"the type of column {field.name!r}"
            raise _conflict(name, column, str(before.field_type), str(field.field_type))
        if before is not None and before.required != field.required:
            column = f"'required' of column {field.name!r}"
            raise _conflict(name, column, str(before.required), str(field.required))
    if by_name:
        dropped = ", ".join(repr(column) for column in by_name)
        raise LocalRuntimeError(
            f"table {name}: the template no longer has the column {dropped}, but the state in use does; "
            "bring it back or start with a new --state"
        )
    known = {field.name for field in existing.fields}
    return [field for field in wanted.fields if field.name not in known]


def _check_partitioning(name: str, table: Table, definition: TableDefinition) -> None:
    before = _describe(table.spec(), table.schema())
    after = _describe(definition.partition_spec, definition.schema)
    if before != after:
        raise _conflict(name, "the partitioning", ", ".join(before), ", ".join(after))


def _describe(spec: PartitionSpec, schema: Schema) -> list[str]:
    return [f"{field.transform}({schema.find_column_name(field.source_id)})" for field in spec.fields]


def _conflict(name: str, what: str, before: str, after: str) -> LocalRuntimeError:
    return LocalRuntimeError(
        f"table {name}: {what} is {before or 'none'} in the state in use "
        f"and {after or 'none'} in the template; "
        "change the template back or start with a new --state"
    )
