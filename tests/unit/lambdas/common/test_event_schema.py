"""What the checks read from an Avro schema, and the schemas that they refuse to guess about."""

import json
from typing import Any

import pytest

from lambdas.common.event_schema import EventSchema

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
    ],
)
def test_schema_that_the_checks_cannot_express_is_refused(field: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        EventSchema.parse(schema_of(REQUIRED, field))


def test_schema_without_a_required_field_is_refused() -> None:
    with pytest.raises(ValueError, match="schema Thing: at least one field must be required"):
        EventSchema.parse(schema_of({"name": "os", "type": ["null", "string"], "default": None}))
