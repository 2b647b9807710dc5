"""The fast path of an event's check: a msgspec decoder built from the Avro schema, which may only say yes."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from lambdas.common.event_schema import EventSchema
from lambdas.common.verdict import COMPLETE, Accepted, Verdict


def quick_check(schema: EventSchema, decide: Callable[[bytes], Verdict]) -> Callable[[bytes], Verdict]:
    """A check that says yes where fastavro would, and leaves every other payload to `decide`.

    It is a closure rather than a method because it runs once a record, and `self` costs a tenth of its time.
    """
    decode_whole = msgspec.json.Decoder(_struct(schema, whole=True)).decode
    decode_partial = msgspec.json.Decoder(_struct(schema, whole=False)).decode
    formatted = [(field.name, field.matches) for field in schema.fields if field.matches is not None]
    fillers = [(field.name, field.filler) for field in schema.fields if field.filler is not None]

    def verdict(payload: bytes) -> Verdict:
        accepted = COMPLETE
        try:
            try:
                event = decode_whole(payload)
            except msgspec.ValidationError:
                event = decode_partial(payload)
                absent = (filler for name, filler in fillers if getattr(event, name) is UNSET)
                accepted = Accepted(b"".join(absent))
            if not payload.isascii():
                payload.decode()  # msgspec does not look inside the fields that it skips
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return decide(payload)
        for name, matches in formatted:
            if not matches(getattr(event, name)):
                return decide(payload)
        return accepted

    return verdict


def _struct(schema: EventSchema, *, whole: bool) -> type[msgspec.Struct]:
    """The events that have every field, or those that may leave optional fields out."""
    fields: list[Any] = []
    for field in schema.fields:
        text = str | None if field.nullable else str
        required = whole or field.filler is None
        fields.append((field.name, text) if required else (field.name, text | UnsetType, UNSET))
    return msgspec.defstruct(schema.name, fields, frozen=True, gc=False, kw_only=True)
