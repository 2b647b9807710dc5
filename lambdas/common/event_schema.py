"""An event's Avro schema (`schemas/<room>/*.avsc`), read for what the checks need to know of each field.

https://avro.apache.org/docs/current/specification/#schema-record
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lambdas.common import formats

NULLABLE = ["null", "string"]


@dataclass(frozen=True, slots=True)
class Field:
    """`filler`: the JSON member that stands for the field where a record leaves it out; None: required."""

    name: str
    nullable: bool
    filler: bytes | None
    matches: Callable[[str], bool] | None


@dataclass(frozen=True, slots=True)
class EventSchema:
    """`definition` is the schema as it is written, for fastavro."""

    name: str
    fields: tuple[Field, ...]
    definition: dict[str, Any]

    @classmethod
    def parse(cls, text: str) -> "EventSchema":
        definition = json.loads(text)
        fields = tuple(_field(field) for field in definition["fields"])
        if all(field.filler is not None for field in fields):
            raise ValueError(f"schema {definition['name']}: at least one field must be required (got none)")
        return cls(name=definition["name"], fields=fields, definition=definition)


def _field(definition: dict[str, Any]) -> Field:
    name, avro_type = definition["name"], definition["type"]
    if avro_type not in ("string", NULLABLE):
        raise ValueError(f'schema field {name}: its type must be "string" or {NULLABLE} (got {avro_type!r})')
    nullable = avro_type == NULLABLE
    filler = None
    if nullable or "default" in definition:
        filler = f",{json.dumps(name)}:{json.dumps(definition.get('default'))}".encode()
    text_format = definition.get("format")
    if text_format is None:
        return Field(name=name, nullable=nullable, filler=filler, matches=None)
    if text_format not in formats.CHECKS:
        known = ", ".join(formats.CHECKS)
        raise ValueError(f"schema field {name}: its format must be one of {known} (got {text_format!r})")
    if filler is not None:
        raise ValueError(f"schema field {name}: a field with a format must be required (got {avro_type!r})")
    return Field(name=name, nullable=nullable, filler=filler, matches=formats.CHECKS[text_format])
