"""fastavro's verdict on an event; a module of its own, so that a function can load it on first need.

https://fastavro.readthedocs.io/en/latest/validation.html
"""

from typing import Any

from fastavro.validation import ValidationError, validate


def first_invalid_field(event: dict[str, Any], schema: dict[str, Any]) -> str | None:
    """The name of the first field that breaks the schema; None when the event is valid."""
    try:
        validate(event, schema)
    except ValidationError as error:
        return str(error.errors[0].field).rpartition(".")[2]
    return None
