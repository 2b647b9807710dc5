"""An event's Avro schema (`schemas/<room>/*.avsc`), read for what the checks need to know of each field.

https://avro.apache.org/docs/current/specification/#schema-record
"""

import json
from dataclasses import dataclass
from typing import Any

from lambdas.common.formats import FORMATS, TextFormat

NULLABLE = ["null", "string"]
FILLS, SETS = "fills", "sets"


@dataclass(frozen=True, slots=True)
class Field:
    """`filler`: the JSON member that stands for the field where a record leaves it out; None: required."""

    name: str
    nullable: bool
    filler: bytes | None
    format: TextFormat | None


@dataclass(frozen=True, slots=True)
class EventSchema:
    """`fields` are the client's; the pipeline fills `id_field` and sets the field named `set_field`.

    `definition` is the schema of what a client may send, for fastavro.
    """

    name: str
    fields: tuple[Field, ...]
    id_field: Field | None
    set_field: str | None
    definition: dict[str, Any]

    @classmethod
    def parse(cls, text: str, *, pipeline_fields: bool = True) -> "EventSchema":
        """Reads a schema; without `pipeline_fields` those are names like any that a client makes up."""
        definition = json.loads(text)
        by_hand: dict[str | None, list[dict[str, Any]]] = {None: [], FILLS: [], SETS: []}
        for field in definition["fields"]:
            hand = field.get("pipeline")
            if hand not in by_hand:
                raise ValueError(
                    f'schema field {field["name"]}: pipeline must be "fills" or "sets" (got {hand!r})'
                )
            by_hand[hand].append(field)
        fields = tuple(_field(field) for field in by_hand[None])
        if all(field.filler is not None for field in fields):
            raise ValueError(f"schema {definition['name']}: at least one field must be required (got none)")
        filled = _only_one(FILLS, by_hand[FILLS]) if pipeline_fields else None
        set_by_us = _only_one(SETS, by_hand[SETS]) if pipeline_fields else None
        return cls(
            name=definition["name"],
            fields=fields,
            id_field=None if filled is None else _field(filled),
            set_field=None if set_by_us is None else set_by_us["name"],
            definition={**definition, "fields": by_hand[None] + ([] if filled is None else [filled])},
        )


def _only_one(hand: str, definitions: list[dict[str, Any]]) -> dict[str, Any] | None:
    if len(definitions) > 1:
        names = ", ".join(definition["name"] for definition in definitions)
        raise ValueError(f'one field of a schema can have pipeline "{hand}" (got {names})')
    return definitions[0] if definitions else None


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
        return Field(name=name, nullable=nullable, filler=filler, format=None)
    if text_format not in FORMATS:
        known = ", ".join(FORMATS)
        raise ValueError(f"schema field {name}: its format must be one of {known} (got {text_format!r})")
    if filler is not None and "pipeline" not in definition:
        raise ValueError(f"schema field {name}: a field with a format must be required (got {avro_type!r})")
    return Field(name=name, nullable=nullable, filler=filler, format=FORMATS[text_format])
