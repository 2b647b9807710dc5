"""fastavro's verdict on an event; a module of its own, so that a function can load it on first need.

https://fastavro.readthedocs.io/en/latest/validation.html
"""

from collections.abc import Mapping
from typing import Any

from fastavro.schema import parse_schema
from fastavro.validation import validate


class AvroValidator:
    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._schema: Any = parse_schema(dict(definition))
        self._fields = [
            (field["name"], field["type"], field.get("default")) for field in definition["fields"]
        ]

    def first_invalid_field(self, event: Mapping[str, Any]) -> str | None:
        """The name of the first field that breaks the schema; None when the event is valid.

        fastavro's own error names it too, but writes all of the value into its text, which takes much longer.
        """
        if validate(event, self._schema, raise_errors=False):
            return None
        for name, field_type, default in self._fields:
            if not validate(event.get(name, default), field_type, raise_errors=False):
                return str(name)
        raise ValueError(f"fastavro finds the event invalid and each field of {self._schema['name']} valid")
