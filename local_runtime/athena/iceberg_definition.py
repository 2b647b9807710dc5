"""An Iceberg table as DDL describes it: columns, partition transforms, and the properties that Athena knows.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import parse_transform

from local_runtime.athena.hive_types import HiveType, schema_of
from local_runtime.athena.names import TableName
from local_runtime.athena.result import QueryError
from local_runtime.lakehouse.table_definition import (
    FIRST_PARTITION_FIELD_ID,
    PROPERTY_OF_ATHENA,
    TableDefinition,
)

TRANSFORMS = ("identity", "year", "month", "day", "hour", "bucket", "truncate")
WITH_NUMBER = {"bucket": "bucket", "truncate": "trunc"}
"""Transforms that take a number, and what Iceberg calls their partition field."""
TERM = re.compile(r"(\w+)\s*\(\s*(?:(\d+)\s*,\s*)?\"?(\w+)\"?\s*(?:,\s*(\d+)\s*)?\)")

TABLE_PROPERTIES = (
    *("table_type", "format", "write_compression", "compression_level", "write_target_data_file_size_bytes"),
    *("optimize_rewrite_min_data_file_size_bytes", "optimize_rewrite_max_data_file_size_bytes"),
    *("optimize_rewrite_data_file_threshold", "optimize_rewrite_delete_file_threshold"),
    *("vacuum_min_snapshots_to_keep", "vacuum_max_snapshot_age_seconds"),
    "vacuum_max_metadata_files_to_keep",
)
ICEBERG_NAMES = {**PROPERTY_OF_ATHENA, "write_target_data_file_size_bytes": "write.target-file-size-bytes"}


@dataclass(frozen=True)
class PartitionTerm:
    transform: str
    column: str
    number: int | None = None


def partition_term(text: str) -> PartitionTerm:
    """`event`, `day(ts)`, `bucket(16, user_id)`: as a CTAS gives them; Trino writes the number last."""
    match = TERM.fullmatch(text.strip())
    if match is None:
        return PartitionTerm("identity", text.strip().strip('"').lower())
    transform, first, column, last = match.groups()
    number = first if first is not None else last
    return PartitionTerm(transform.lower(), column.lower(), None if number is None else int(number))


def iceberg_definition(
    name: TableName,
    columns: Sequence[tuple[str, HiveType, str | None]],
    terms: Sequence[PartitionTerm],
    location: str | None,
    properties: Mapping[str, str],
) -> TableDefinition:
    """What `Lakehouse.create_table` makes.

    Raises:
        QueryError: a column, transform or property is none that Athena knows.
    """
    if location is None or not location.startswith("s3://"):
        raise QueryError(
            "INVALID_TABLE_PROPERTY", f"{name.database}.{name.table}: LOCATION must be an s3:// folder"
        )
    schema = Schema(*schema_of(list(columns)).fields)
    return TableDefinition(
        name.database,
        name.table,
        location.rstrip("/"),
        schema,
        _partition_spec(schema, terms),
        {"format-version": "2", **iceberg_properties(properties)},
    )


def iceberg_properties(properties: Mapping[str, str]) -> dict[str, str]:
    """Athena's table properties under Iceberg's names; `table_type` is none of them."""
    for key in properties:
        if key.lower() not in TABLE_PROPERTIES:
            raise QueryError(
                "INVALID_TABLE_PROPERTY",
                f"Unsupported table property key: {key}; an Iceberg table has {', '.join(TABLE_PROPERTIES)}",
            )
    file_format = properties.get("format", "parquet").lower()
    if file_format != "parquet":
        raise QueryError(
            "NOT_SUPPORTED", f"the local run writes Iceberg tables as parquet (got {file_format!r})"
        )
    return {
        ICEBERG_NAMES.get(key.lower(), key.lower()): value.lower()
        for key, value in properties.items()
        if key.lower() != "table_type"
    }


def _partition_spec(schema: Schema, terms: Sequence[PartitionTerm]) -> PartitionSpec:
    fields = []
    for index, term in enumerate(terms):
        if term.transform not in TRANSFORMS or (term.number is None) == (term.transform in WITH_NUMBER):
            raise QueryError(
                "INVALID_TABLE_PROPERTY",
                f"partition transform {term.transform!r} of {term.column!r} is not understood; there is "
                "a column's name, year, month, day and hour (column), bucket and truncate (number, column)",
            )
        try:
            source = schema.find_field(term.column)
        except ValueError as error:
            raise QueryError("COLUMN_NOT_FOUND", f"partition column {term.column!r} is no column") from error
        transform = term.transform if term.number is None else f"{term.transform}[{term.number}]"
        suffix = "" if term.transform == "identity" else f"_{WITH_NUMBER.get(term.transform, term.transform)}"
        fields.append(
            PartitionField(
                source.field_id,
                FIRST_PARTITION_FIELD_ID + index,
                parse_transform(transform),
                f"{source.name}{suffix}",
            )
        )
    return PartitionSpec(*fields)
