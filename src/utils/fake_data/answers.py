"""What an answer of the API or of Firehose says about each record of its request.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html: a call may fail for some records
only; the entries of `Records` are in the order of the request, a failed one has an ErrorCode.
https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html: so do `RequestResponses`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

MESSAGE_LENGTH = 160


@dataclass(frozen=True, slots=True)
class Answer:
    """`failed` holds the indexes of the records that are not in the stream, `reasons` why, in that order."""

    failed: Sequence[int] = ()
    reasons: Sequence[str] = ()
    may_retry: bool = False
    reached: bool = True


ACCEPTED = Answer()


def all_failed(size: int, reason: str, *, may_retry: bool, reached: bool = True) -> Answer:
    return Answer(range(size), [reason] * size, may_retry, reached)


def read_answer(status: int, body: bytes, size: int) -> Answer:
    """The per-record list decides where the answer has one; the HTTP status where it has none."""
    document = _json_object(body)
    if document.get("FailedRecordCount"):
        return _read_list(status, document.get("Records"), size)
    if status == HTTPStatus.OK:
        return ACCEPTED
    may_retry = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return all_failed(size, f"HTTP {status}{_message(document)}", may_retry=may_retry)


def read_batch_answer(document: Mapping[str, Any], size: int) -> Answer:
    """What PutRecordBatch answers with a 200."""
    if not document["FailedPutCount"]:
        return ACCEPTED
    return _read_list(HTTPStatus.OK, document["RequestResponses"], size)


def _read_list(status: int, entries: Any, size: int) -> Answer:
    if not isinstance(entries, list) or len(entries) != size:
        reason = f"HTTP {int(status)}, some records failed but the answer does not list all {size}"
        return all_failed(size, reason, may_retry=False)
    codes = {
        index: str(entry["ErrorCode"])
        for index, entry in enumerate(entries)
        if isinstance(entry, dict) and entry.get("ErrorCode")
    }
    if not codes:
        return all_failed(
            size, f"HTTP {int(status)}, some records failed but no ErrorCode says which", may_retry=False
        )
    return Answer(tuple(codes), tuple(codes.values()), may_retry=True)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _message(document: dict[str, Any]) -> str:
    kind, message = document.get("__type"), document.get("message", document.get("Message"))
    said = ": ".join(str(part) for part in (kind, message) if part)
    return f" {said[:MESSAGE_LENGTH]}" if said else ""
