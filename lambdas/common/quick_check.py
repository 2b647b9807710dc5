"""The fast path of an event's check: a msgspec decoder built from the Avro schema, which may only say yes."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from lambdas.common.event_schema import EventSchema
from lambdas.common.verdict import COMPLETE, Accepted, Verdict


def quick_check(schema: EventSchema, decide: Callable[[bytes], Verdict]) -> Callable[[bytes], Verdict]:
    """A check that says yes where fastavro would, and leaves every other payload to `decide`.

    It is a closure rather than a method because it runs once a record, and `self` costs a tenth of its time.
    """
    decode = msgspec.json.Decoder(_struct(schema)).decode
    formatted = [(field.name, field.matches) for field in schema.fields if field.matches is not None]
    fillers = [(field.name, field.filler) for field in schema.fields if field.filler is not None]
    # With one name alone, attrgetter would give a bare value rather than a tuple.
    optional = attrgetter(*(name for name, _ in fillers), schema.fields[0].name)

    def verdict(payload: bytes) -> Verdict:
        try:
            event = decode(payload)
            if not payload.isascii():
                payload.decode()  # msgspec does not look inside the fields that it skips
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return decide(payload)
        for name, matches in formatted:
            if not matches(getattr(event, name)):
                return decide(payload)
        if UNSET not in optional(event):
            return COMPLETE
        return Accepted(b"".join(filler for name, filler in fillers if getattr(event, name) is UNSET))

    return verdict


def _struct(schema: EventSchema) -> type[msgspec.Struct]:
    fields: list[Any] = []
    for field in schema.fields:
        text = str | None if field.nullable else str
        fields.append((field.name, text) if field.filler is None else (field.name, text | UnsetType, UNSET))
    return msgspec.defstruct(schema.name, fields, frozen=True, gc=False, kw_only=True)
