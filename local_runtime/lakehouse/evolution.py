"""Bring an existing table to what its template says now: added columns and properties, never a loss.

What somebody changed by ALTER TABLE stays: the table remembers the template's columns to tell the two apart.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-evolving-table-schema.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.types import NestedField

from local_runtime.errors import LocalRuntimeError
from local_runtime.lakehouse.table_definition import TableDefinition

log = logging.getLogger(__name__)

TEMPLATE_COLUMNS = "local-run.template-columns"
"""Table property: the columns of the template that the table was last brought up to, as a JSON list."""


def recorded_properties(definition: TableDefinition) -> dict[str, str]:
    """The template's properties, and its columns for the next start."""
    names = [field.name for field in definition.schema.fields]
    return {**definition.properties, TEMPLATE_COLUMNS: json.dumps(names)}


def update_table(table: Table, definition: TableDefinition) -> None:
    """Add the definition's new columns and properties in one commit; nothing happens when there are none.

    Raises:
        LocalRuntimeError: the definition changes or drops something that rows depend on.
    """
    name = f"{definition.database}.{definition.name}"
    if table.location() != definition.location:
        raise _conflict(name, "location", table.location(), definition.location)
    _check_partitioning(name, table, definition)
    added = _added_columns(name, table, definition.schema)
    properties = {
        key: value for key, value in recorded_properties(definition).items() if _property(table, key) != value
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


def _added_columns(name: str, table: Table, wanted: Schema) -> list[NestedField]:
    """The template's columns that are new; one that it had before and the table lacks was dropped by hand."""
    existing = {field.name: field for field in table.schema().fields}
    previous = _previous_columns(table.properties)
    _check_extra_columns(name, [column for column in existing if column not in _names(wanted)], previous)
    added = []
    for field in wanted.fields:
        before = existing.get(field.name)
        if before is not None:
            _check_same(name, before, field)
        elif field.name in previous:
            log.warning(
                "table %s: column %r of the template was dropped by hand; it stays so", name, field.name
            )
        elif field.required:
            raise LocalRuntimeError(
                f"table {name}: column {field.name!r} is new and required; a new column must be optional"
            )
        else:
            added.append(field)
    return added


def _names(schema: Schema) -> set[str]:
    return {field.name for field in schema.fields}


def _previous_columns(properties: Mapping[str, str]) -> list[str]:
    """None are known of a table that DDL made: whatever it has stays."""
    columns: list[str] = json.loads(properties.get(TEMPLATE_COLUMNS, "[]"))
    return columns


def _check_extra_columns(name: str, extra: list[str], previous: list[str]) -> None:
    gone = [column for column in extra if column in previous]
    if gone:
        dropped = ", ".join(repr(column) for column in gone)
        raise LocalRuntimeError(
            f"table {name}: the template no longer has the column {dropped}, but the state in use does; "
            "bring it back or start with a new --state"
        )
    if extra:
        log.info("table %s has columns that its template does not: %s", name, ", ".join(extra))


def _check_same(name: str, before: NestedField, after: NestedField) -> None:
    if str(before.field_type) != str(after.field_type):
        column = f"the type of column {after.name!r}"
        raise _conflict(name, column, str(before.field_type), str(after.field_type))
    if before.required != after.required:
        column = f"'required' of column {after.name!r}"
        raise _conflict(name, column, str(before.required), str(after.required))


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
