"""What the checks read from an Avro schema, and the schemas that they refuse to guess about."""

import json
from typing import Any

import pytest

from lambdas.common.event_check import EventCheck
from lambdas.common.event_schema import EventSchema
from lambdas.common.verdict import COMPLETE, Accepted

REQUIRED = {"name": "id", "type": "string"}


def schema_of(*fields: dict[str, Any]) -> str:
    return json.dumps({"type": "record", "name": "Thing", "fields": list(fields)})


def test_field_that_may_be_missing_has_the_member_that_stands_for_it() -> None:
    schema = EventSchema.parse(
        schema_of(
            REQUIRED,
            {"name": "os", "type": ["null", "string"], "default": None},
            {"name": "unit", "type": "string", "default": 'a "b"'},
        )
    )
    assert [field.filler for field in schema.fields] == [None, b',"os":null', b',"unit":"a \\"b\\""']


FILLED = {"name": "key", "type": ["null", "string"], "format": "event-id", "pipeline": "fills"}
SET = {"name": "seen", "type": ["null", "string"], "pipeline": "sets"}


def test_pipelines_fields_are_apart_from_the_clients() -> None:
    schema = EventSchema.parse(schema_of(REQUIRED, FILLED, SET))
    assert [field.name for field in schema.fields] == ["id"]
    assert schema.id_field is not None
    assert (schema.id_field.name, schema.set_field) == ("key", "seen")


def test_pipelines_fields_can_be_left_unknown() -> None:
    schema = EventSchema.parse(schema_of(REQUIRED, FILLED, SET), pipeline_fields=False)
    assert ([field.name for field in schema.fields], schema.id_field, schema.set_field) == (
        ["id"],
        None,
        None,
    )


def test_id_alone_is_a_schema_too() -> None:
    check = EventCheck(EventSchema.parse(schema_of(REQUIRED, FILLED)))
    assert check.verdict(b'{"id": "x"}') is COMPLETE
    assert check.verdict(b'{"id": "x", "key": "own"}') == Accepted(event_id="own")
    assert check.verdict(b'{"id": "x", "seen": 1}') is COMPLETE


def test_schema_with_two_ids_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"one field of a schema can have pipeline \"fills\" \(got key, key2\)"
    ):
        EventSchema.parse(schema_of(REQUIRED, FILLED, {**FILLED, "name": "key2"}))


@pytest.mark.parametrize(
    ("field", "complaint"),
    [
        ({"name": "x", "type": "bytes"}, r"field x: its type must be \"string\" or .* \(got 'bytes'\)"),
        (
            {"name": "x", "type": "string", "format": "%Y"},
            r"field x: its format must be one of .* \(got '%Y'\)",
        ),
        (
            {"name": "x", "type": "string", "default": "", "format": "%Y-%m-%dT%H:%M:%SZ"},
            r"field x: a field with a format must be required",
        ),
        ({"name": "x", "type": "string", "pipeline": "adds"}, r"field x: pipeline must be .* \(got 'adds'\)"),
    ],
)
def test_schema_that_the_checks_cannot_express_is_refused(field: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        EventSchema.parse(schema_of(REQUIRED, field))


def test_schema_without_a_required_field_is_refused() -> None:
    with pytest.raises(ValueError, match="schema Thing: at least one field must be required"):
        EventSchema.parse(schema_of({"name": "os", "type": ["null", "string"], "default": None}))
