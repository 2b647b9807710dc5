"""fastavro's verdict on an event; a module of its own, so that a function can load it on first need.

https://fastavro.readthedocs.io/en/latest/validation.html
"""

from collections.abc import Mapping
from typing import Any

from fastavro.schema import parse_schema
from fastavro.validation import ValidationError, validate


class AvroValidator:
    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._schema = parse_schema(dict(definition))

    def first_invalid_field(self, event: Mapping[str, Any]) -> str | None:
        """The name of the first field that breaks the schema; None when the event is valid."""
        try:
            validate(event, self._schema)
        except ValidationError as error:
            return str(error.errors[0].field).rpartition(".")[2]
        return None
