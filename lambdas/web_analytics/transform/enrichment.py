"""What the function changes in an accepted record: absent fields, id and arrival, and the IP address.

docs/decisions/0060-event-id-and-received-at.md
"""

import json
from base64 import b64encode
from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import compress, repeat
from operator import not_

from lambdas.common.ip_address import truncate_ip
from lambdas.common.record_text import UNPARSED, append_members, content_id, content_ids, rewrite
from lambdas.common.verdict import COMPLETE, Accepted

IP, EVENT_ID, RECEIVED_AT = "ip", "event_id", "received_at"
UTC_SECOND = "%Y-%m-%dT%H:%M:%S"

# In base64, a text that starts with `{"` starts with ey, and one with `,"` in its place with LC.
OBJECT_START, MEMBER_START = "ey", "LC"
ID_PIECE = 44


@dataclass(frozen=True, slots=True)
class Enrichment:
    """`add_ids`: every row gets an `event_id` and a `received_at`; `truncate_ip`: no row keeps a whole IP."""

    add_ids: bool = True
    truncate_ip: bool = False

    def stored(self, data: str, payload: bytes, accepted: Accepted, arrival_ms: int | None) -> str:
        """What goes to the table, in base64; `data` is the record's own base64 and `payload` what it says.

        Raises:
            UNPARSED: the record has to be parsed for a rewrite, and is nested deeper than the parser goes.
        """
        if accepted.rewritten or self.truncate_ip:
            payload = self._rewritten(payload, accepted)
            data = b64encode(payload).decode()
        if not self.add_ids:
            return append_members(data, payload, accepted.filler) if accepted.filler else data
        members = f',"{RECEIVED_AT}":{_json_moment(arrival_ms)}'
        if accepted.event_id is None:
            members += f',"{EVENT_ID}":"{content_id(payload)}"'
        return append_members(data, payload, accepted.filler + members.encode())

    def event_id(self, payload: bytes, accepted: Accepted = COMPLETE) -> str:
        """The id of an accepted record; that of a rejected one by its content, for when it is repaired."""
        if accepted.event_id is not None:
            return accepted.event_id
        if accepted.rewritten or self.truncate_ip:
            try:
                payload = self._rewritten(payload, accepted)
            except UNPARSED:
                return content_id(payload)
        return content_id(payload)

    def _rewritten(self, payload: bytes, accepted: Accepted) -> bytes:
        without = []
        if accepted.rewritten:
            without = [RECEIVED_AT] if accepted.event_id is not None else [RECEIVED_AT, EVENT_ID]
        return rewrite(payload, without=without, changes={IP: _truncated} if self.truncate_ip else {})


def stamp_all(
    texts: Sequence[str], payloads: Iterable[bytes], arrivals_ms: Iterable[int]
) -> list[str | None]:
    """What `stored` makes of each text if it is complete, for a batch in a third of its time; None: unknown.

    The members go right behind the first brace. Each piece of them is a multiple of three bytes, so their
    base64 texts in a row are the base64 of the whole, and the rest of the record's own text stays as it is.
    """
    ids = b2a_base64(('"'.join(content_ids(payloads)) + '"').encode(), newline=False).decode()
    stamps = _stamps(ids, arrivals_ms)
    stamped: list[str | None] = list(map(str.replace, texts, repeat(OBJECT_START), stamps, repeat(1)))
    starts_otherwise = map(not_, map(str.startswith, texts, repeat(OBJECT_START)))
    for index in compress(range(len(texts)), starts_otherwise):
        stamped[index] = None
    return stamped


def _stamps(ids: str, arrivals_ms: Iterable[int]) -> list[str]:
    stamps: list[str] = []
    fractions = _fraction_pieces()
    second_ms, second = -1000, ""
    start = 0
    for ms in arrivals_ms:
        fraction = ms - second_ms
        if not 0 <= fraction < 1000:  # a batch is of few seconds
            fraction = ms % 1000
            second_ms, second = ms - fraction, _second_piece(ms // 1000)
        end = start + ID_PIECE
        stamps.append(f"{second}{fractions[fraction]}{ids[start:end]}{MEMBER_START}")
        start = end
    return stamps


def _second_piece(second: int) -> str:
    moment = datetime.fromtimestamp(second, UTC).strftime(UTC_SECOND)
    return b64encode(f'{{"{RECEIVED_AT}":"{moment}.'.encode()).decode()


@cache
def _fraction_pieces() -> list[str]:
    return [b64encode(f'{ms:03}Z","{EVENT_ID}":"'.encode()).decode() for ms in range(1000)]


def _json_moment(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "null"
    second, fraction = divmod(milliseconds, 1000)
    return f'"{datetime.fromtimestamp(second, UTC).strftime(UTC_SECOND)}.{fraction:03}Z"'


def _truncated(ip: bytes) -> bytes:
    return json.dumps(truncate_ip(json.loads(ip))).encode()
