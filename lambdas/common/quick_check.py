"""The fast path of an event's check: a msgspec decoder built from the Avro schema, which may only say yes."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from lambdas.common.event_schema import EventSchema
from lambdas.common.verdict import COMPLETE, Accepted


class QuickCheck:
    """Says that fastavro would accept a record, or says nothing."""

    def __init__(self, schema: EventSchema) -> None:
        self._decode = msgspec.json.Decoder(_struct(schema)).decode
        self._formatted = [
            (field.name, field.matches) for field in schema.fields if field.matches is not None
        ]
        self._fillers = [(field.name, field.filler) for field in schema.fields if field.filler is not None]

    def accepts(self, payload: bytes) -> Accepted | None:
        try:
            event = self._decode(payload)
            if not payload.isascii():
                payload.decode()  # msgspec does not look inside the fields that it skips
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        for name, matches in self._formatted:
            text = getattr(event, name)
            if isinstance(text, str) and not matches(text):
                return None
        absent = [filler for name, filler in self._fillers if getattr(event, name) is UNSET]
        return Accepted(b"".join(absent)) if absent else COMPLETE


def _struct(schema: EventSchema) -> type[msgspec.Struct]:
    fields: list[Any] = []
    for field in schema.fields:
        text = str | None if field.nullable else str
        fields.append((field.name, text) if field.filler is None else (field.name, text | UnsetType, UNSET))
    return msgspec.defstruct(schema.name, fields, frozen=True, gc=False, kw_only=True)
