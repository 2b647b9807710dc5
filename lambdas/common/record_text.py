"""Changes to a record's JSON text that leave the rest of it byte by byte as the client wrote it.

All of them work on a payload that is known to be one JSON object.
"""

from binascii import b2a_base64
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec
from xxhash import xxh3_128_hexdigest

UNPARSED = (msgspec.DecodeError, RecursionError)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def append_members(data: str, payload: bytes, members: bytes) -> str:
    """The base64 of a payload (`data`) with members, each with its leading comma, before the last brace.

    Three bytes are four characters, so the text before the brace is taken over as it is; the white space
    behind it is not.
    """
    end = payload.rindex(b"}")
    kept = end - end % 3
    return data[: kept // 3 * 4] + b2a_base64(payload[kept:end] + members + b"}", newline=False).decode()


def rewrite(
    payload: bytes,
    *,
    without: Collection[str] = (),
    changes: Mapping[str, Callable[[bytes], bytes]] | None = None,
) -> bytes:
    """The object anew, without some members or with other values; of one name the last member stays.

    Raises:
        UNPARSED: the payload is no object after all, or nested deeper than the parser goes.
    """
    members = _MEMBERS.decode(payload)
    for name in without:
        members.pop(name, None)
    for name, change in (changes or {}).items():
        if name in members:
            members[name] = msgspec.Raw(change(bytes(members[name])))
    return msgspec.json.encode(members)


def content_id(payload: bytes) -> str:
    """XXH3-128: the same for every copy of a record, whether or not white space such as a newline ends it."""
    return xxh3_128_hexdigest(payload.rstrip())


def content_ids(payloads: Iterable[bytes]) -> Iterable[str]:
    """`content_id` of each, in half the time."""
    return map(xxh3_128_hexdigest, map(bytes.rstrip, payloads))
