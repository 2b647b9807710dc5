"""Whether a payload is an event of the schema: the quick check may say yes, fastavro decides the rest."""

import json
import math
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from lambdas.common.event_schema import EventSchema
from lambdas.common.quick_check import quick_check
from lambdas.common.verdict import COMPLETE, Accepted, Reason, Rejected, Verdict

if TYPE_CHECKING:
    from lambdas.common.avro import AvroValidator

LONGEST_AVRO_INTEGER = 20


class EventCheck:
    """Gives every payload a verdict; raises for none."""

    def __init__(self, schema: EventSchema) -> None:
        self._schema = schema
        self._fields = schema.fields if schema.id_field is None else (*schema.fields, schema.id_field)
        self.verdict: Callable[[bytes], Verdict] = quick_check(schema, self.decide)

    def decide(self, payload: bytes) -> Verdict:
        """The whole check, as if there were no quick one."""
        document = _parse(payload)
        if isinstance(document, Reason):
            return Rejected(document)
        # Only the schema's own fields: fastavro reads a member named "-type" as a hint, to us it is an extra.
        event = {field.name: document[field.name] for field in self._fields if field.name in document}
        reason = self._refusal(event)
        if reason is not None:
            return Rejected(reason)
        return self._accepted(event, set_by_client=self._schema.set_field in document)

    @cached_property
    def _avro(self) -> "AvroValidator":
        # Imported on first need: it doubles the cold start, and a batch without bad records never needs it.
        from lambdas.common.avro import AvroValidator

        return AvroValidator(self._schema.definition)

    def _refusal(self, event: dict[str, Any]) -> Reason | None:
        name = self._avro.first_invalid_field(event)
        if name is not None:
            if name not in event:
                return Reason.MISSING_FIELD
            return Reason.NULL_FIELD if event[name] is None else Reason.WRONG_TYPE
        for field in self._fields:
            text = event.get(field.name)
            if field.format is not None and text is not None and not field.format.matches(text):
                return field.format.reason
        return None

    def _accepted(self, event: dict[str, Any], *, set_by_client: bool) -> Accepted:
        absent = [field.filler for field in self._schema.fields if field.filler and field.name not in event]
        own = self._schema.id_field
        event_id = None if own is None else event.get(own.name)
        rewritten = set_by_client or (own is not None and event_id is None and own.name in event)
        if not absent and event_id is None and not rewritten:
            return COMPLETE
        return Accepted(b"".join(absent), event_id, rewritten)


def _parse(payload: bytes) -> dict[str, Any] | Reason:
    try:
        text = payload.decode()
        document = _JSON.decode(text)
        if not isinstance(document, dict):
            return Reason.NOT_AN_OBJECT
        if "\\u" in text:
            # Half a surrogate pair ("\ud800") has no UTF-8 form, so no table can store it.
            json.dumps(document, ensure_ascii=False).encode()
    except UnicodeError:
        return Reason.NOT_UTF8
    except (ValueError, RecursionError):
        return Reason.NOT_JSON
    return document


def _integer(digits: str) -> int | float:
    # Python refuses to read integers of more than 4,300 digits; no Avro type holds more than 20 characters.
    return int(digits) if len(digits) <= LONGEST_AVRO_INTEGER else math.inf


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_JSON = json.JSONDecoder(parse_int=_integer, parse_constant=_not_json)
