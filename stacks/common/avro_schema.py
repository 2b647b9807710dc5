"""The columns of a table, read from the Avro schema of its events (`schemas/<system>/*.avsc`).

https://iceberg.apache.org/spec/#avro
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from stacks.config import ROOT

_ICEBERG_TYPES = {
    "string": "string",
    "boolean": "boolean",
    "int": "int",
    "long": "long",
    "float": "float",
    "double": "double",
}


@dataclass(frozen=True)
class Column:
    """A column of an Iceberg table; `by_pipeline`: clients need not send it."""

    name: str
    type: str
    doc: str
    by_pipeline: bool = False


@cache
def columns(schema: str) -> tuple[Column, ...]:
    """The columns of `schemas/{schema}`, in the order of the record's fields."""
    record = json.loads((ROOT / "schemas" / schema).read_text(encoding="utf-8"))
    return tuple(_column(field) for field in record["fields"])


def _column(field: dict[str, Any]) -> Column:
    iceberg_type = field.get("icebergType", _iceberg_type(field))
    return Column(field["name"], iceberg_type, field["doc"], by_pipeline="pipeline" in field)


def _iceberg_type(field: dict[str, Any]) -> str:
    branches = field["type"] if isinstance(field["type"], list) else [field["type"]]
    (avro_type,) = [branch for branch in branches if branch != "null"]
    if avro_type not in _ICEBERG_TYPES:
        raise ValueError(f"field {field['name']}: no Iceberg type is known for the Avro type {avro_type!r}")
    return _ICEBERG_TYPES[avro_type]
