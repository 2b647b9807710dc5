"""The fast path of an event's check: a msgspec decoder built from the Avro schema, which may only say yes."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from lambdas.common.event_schema import EventSchema
from lambdas.common.verdict import COMPLETE, Accepted, Verdict

ABSENT = Raw()


def quick_check(schema: EventSchema, decide: Callable[[bytes], Verdict]) -> Callable[[bytes], Verdict]:
    """A check that says yes where fastavro would, and leaves every other payload to `decide`.

    It is a closure rather than a method because it runs once a record, and `self` costs a tenth of its time.
    """
    decode_whole = msgspec.json.Decoder(_struct(schema, whole=True)).decode
    decode_partial = msgspec.json.Decoder(_struct(schema, whole=False)).decode
    formatted = [(field.name, field.format.matches) for field in schema.fields if field.format is not None]
    fillers = [(field.name, field.filler) for field in schema.fields if field.filler is not None]
    has_own_members = schema.id_field is not None

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
        if has_own_members and (event.own_id is not UNSET or event.own_set is not ABSENT):
            return _with_own_members(schema, accepted, event.own_id, event.own_set) or decide(payload)
        return accepted

    return verdict


def _with_own_members(schema: EventSchema, accepted: Accepted, own_id: Any, own_set: Any) -> Accepted | None:
    """What a client sent of the fields that are the pipeline's."""
    rewritten = own_id is None or own_set is not ABSENT
    if not isinstance(own_id, str):
        return Accepted(accepted.filler, None, rewritten)
    if schema.id_field is None or schema.id_field.format is None or schema.id_field.format.matches(own_id):
        return Accepted(accepted.filler, own_id, rewritten)
    return None


def _struct(schema: EventSchema, *, whole: bool) -> type[Any]:
    """The events that have every field, or those that may leave optional fields out."""
    fields: list[Any] = []
    for field in schema.fields:
        text = str | None if field.nullable else str
        required = whole or field.filler is None
        fields.append((field.name, text) if required else (field.name, text | UnsetType, UNSET))
    namespace = {"own_set": ABSENT} if schema.set_field is None else {}
    if schema.id_field is not None:
        field_of_id = msgspec.field(name=schema.id_field.name, default=UNSET)
        fields.append(("own_id", str | UnsetType | None, field_of_id))
    if schema.set_field is not None:
        fields.append(("own_set", Raw, msgspec.field(name=schema.set_field, default=ABSENT)))
    return msgspec.defstruct(schema.name, fields, namespace=namespace, frozen=True, gc=False, kw_only=True)
