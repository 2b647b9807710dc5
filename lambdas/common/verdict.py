"""What a check says of one record: accepted, or rejected for one reason of a closed set."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Reason(StrEnum):
    """Why a record is rejected; a record has one reason, the first that applies in this order."""

    NOT_BASE64 = "not_base64"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    MISSING_FIELD = "missing_field"
    NULL_FIELD = "null_field"
    WRONG_TYPE = "wrong_type"
    BAD_TIMESTAMP = "bad_timestamp"
    BAD_EVENT_ID = "bad_event_id"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Accepted:
    """`filler`: JSON members, each with its leading comma, for the fields that the record leaves out.

    `event_id`: the client's own. `rewritten`: it has members that the pipeline writes anew.
    """

    filler: bytes = b""
    event_id: str | None = None
    rewritten: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    reason: Reason


Verdict: TypeAlias = Accepted | Rejected

COMPLETE = Accepted()
