"""An Iceberg table as CloudFormation describes it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-glue-table.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema

from local_runtime.assembly.model import Resource
from local_runtime.errors import UnsupportedResourceError
from local_runtime.lakehouse.coercion import coercion

TABLE_TYPE = "AWS::Glue::Table"
DATABASE_TYPE = "AWS::Glue::Database"
FIRST_PARTITION_FIELD_ID = 1000

# Athena's table properties and their Iceberg meaning; Iceberg's own pass through.
# https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
PROPERTY_OF_ATHENA = {
    "format": "write.format.default",
    "write_compression": "write.parquet.compression-codec",
}


@dataclass(frozen=True)
class TableDefinition:
    """What `Lakehouse.ensure_table` makes."""

    database: str
    name: str
    location: str
    schema: Schema
    partition_spec: PartitionSpec
    properties: Mapping[str, str]


def table_definition(resource: Resource) -> TableDefinition:
    """Read an AWS::Glue::Table resource.

    Raises:
        UnsupportedResourceError: the table is no Iceberg table, or a part of it is not understood.
    """
    properties = resource.properties
    iceberg = _member(resource, properties, "OpenTableFormatInput", "IcebergInput", "IcebergTableInput")
    schema = _schema(resource, _member(resource, iceberg, "Schema"))
    return TableDefinition(
        database=_text(resource, properties, "DatabaseName"),
        name=_text(resource, properties, "Name"),
        location=_text(resource, iceberg, "Location").rstrip("/"),
        schema=schema,
        partition_spec=_partition_spec(resource, iceberg.get("PartitionSpec"), schema),
        properties=_properties(iceberg.get("Properties", {})),
    )


def _member(resource: Resource, value: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for key in path:
        value = value.get(key, {})
    if not value:
        raise _unsupported(
            resource,
            f"{'.'.join(path)} is missing; the local run interprets Iceberg tables "
            "(OpenTableFormatInput.IcebergInput.IcebergTableInput) and no other form",
        )
    return value


def _text(resource: Resource, value: Mapping[str, Any], key: str) -> str:
    text = value.get(key)
    if not isinstance(text, str) or not text:
        raise _unsupported(resource, f"{key} must be a non-empty string (got {text!r})")
    return text


def _schema(resource: Resource, schema: Mapping[str, Any]) -> Schema:
    fields = [_lower_keys(field) for field in schema.get("Fields", [])]
    document = {
        "type": "struct",
        "schema-id": int(schema.get("SchemaId", 0)),
        "identifier-field-ids": [int(number) for number in schema.get("IdentifierFieldIds", [])],
        "fields": [{"required": False, **field} for field in fields],
    }
    try:
        parsed = Schema.model_validate(document)
        for field in parsed.fields:
            coercion(field.field_type)  # refuses a type that Athena cannot have
    except (ValidationError, ValueError, TypeError) as error:
        raise _unsupported(resource, f"Schema.Fields is not understood: {_one_line(error)}") from error
    return parsed


def _lower_keys(value: Any) -> Any:
    """CloudFormation writes `Id`, `Name`, `Type`; Iceberg's own document has them in lower case."""
    return {key.lower(): item for key, item in value.items()}


def _partition_spec(resource: Resource, spec: Mapping[str, Any] | None, schema: Schema) -> PartitionSpec:
    fields = spec.get("Fields", []) if spec is not None else []
    try:
        return PartitionSpec(
            *(
                PartitionField(
                    source_id=int(field["SourceId"]),
                    field_id=int(field.get("FieldId", FIRST_PARTITION_FIELD_ID + index)),
                    transform=field["Transform"],
                    name=field["Name"],
                )
                for index, field in enumerate(fields)
                if schema.find_field(int(field["SourceId"]))
            ),
            spec_id=int(spec.get("SpecId", 0)) if spec is not None else 0,
        )
    except (ValidationError, ValueError, TypeError, KeyError) as error:
        raise _unsupported(resource, f"PartitionSpec is not understood: {_one_line(error)}") from error


def _properties(properties: Mapping[str, Any]) -> dict[str, str]:
    return {PROPERTY_OF_ATHENA.get(key, key): str(value) for key, value in properties.items()}


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _unsupported(resource: Resource, detail: str) -> UnsupportedResourceError:
    return UnsupportedResourceError(resource.type, resource.stack, resource.logical_id, detail)
