"""Failed records as Firehose keeps them: one envelope a line, the record itself in base64.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

UNREADABLE, ERASED = "unreadable_envelope", "erased"


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a replay says of a record, beside Firehose's own words, where it has moved it."""

    key: str
    reason: str | None = None
    event_id: str | None = msgspec.field(default=None, name="eventId")
    outcome: str | None = None
    at: str | None = None


class _Envelope(msgspec.Struct, gc=False):
    raw_data: str = msgspec.field(name="rawData")
    arrival: int = msgspec.field(name="arrivalTimestamp")
    code: str = msgspec.field(name="errorCode", default="unknown")
    erased_at: str | None = msgspec.field(name="erasedAt", default=None)
    replay: Note | None = None


@dataclass(frozen=True, slots=True)
class FailedRecord:
    """A line of an error object.

    `key` tells it from all others, and is the same in a copy of the object: Firehose may deliver one twice.
    `unusable` is why it holds no record.
    """

    line: bytes
    key: str
    data: str
    arrival: int
    code: str
    unusable: str | None = None

    @property
    def payload(self) -> bytes:
        return b64decode(self.data)


def parse_lines(lines: Iterable[bytes]) -> list[FailedRecord]:
    """Every line of an error object, also one that nobody can read."""
    decode = msgspec.json.Decoder(_Envelope).decode
    copies: Counter[str] = Counter()
    records = []
    for line in lines:
        try:
            envelope = decode(line)
        except msgspec.DecodeError:
            records.append(FailedRecord(line, _key(line, 0, copies), "", 0, UNREADABLE, UNREADABLE))
            continue
        note = envelope.replay
        key = _key(envelope.raw_data.encode(), envelope.arrival, copies) if note is None else note.key
        unusable = None if envelope.erased_at is None else ERASED
        records.append(FailedRecord(line, key, envelope.raw_data, envelope.arrival, envelope.code, unusable))
    return records


def with_note(record: FailedRecord, note: Note) -> bytes:
    """The line with what a replay says of it; a line that is no envelope stays as it is."""
    if record.unusable == UNREADABLE:
        return record.line
    members = msgspec.json.decode(record.line, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({**members, "replay": note})


def _key(content: bytes, arrival: int, copies: Counter[str]) -> str:
    """Content, arrival, and which of the object's records with both: a client may send a text twice."""
    same = f"{hashlib.blake2b(content, digest_size=16).hexdigest()}-{arrival}"
    number = copies[same]
    copies[same] = number + 1
    return f"{same}-{number}"
