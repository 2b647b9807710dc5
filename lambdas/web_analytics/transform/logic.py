"""Decides, for each record of a batch, whether it goes to the Iceberg table, and how Firehose is told.

https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-format-input-record-different.html
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from lambdas.common.event_check import EventCheck
from lambdas.common.firehose import (
    IncomingRecord,
    Metadata,
    Operation,
    Reply,
    ReplyBudget,
    accepted_overhead,
    encoded_size,
)
from lambdas.common.verdict import COMPLETE, Reason, Rejected


@dataclass(frozen=True)
class Destination:
    """The Iceberg table, and whether its rows are inserted or updated by key."""

    database_name: str
    table_name: str
    operation: Operation

    def metadata(self) -> Metadata:
        return {
            "otfMetadata": {
                "destinationDatabaseName": self.database_name,
                "destinationTableName": self.table_name,
                "operation": self.operation,
            }
        }


@dataclass(frozen=True)
class Outcome:
    """The replies in the records' order, and how many records were rejected for which reason."""

    replies: list[Reply]
    rejected: Counter[Reason]

    @property
    def accepted(self) -> int:
        return len(self.replies) - self.rejected.total()


class _Payload(msgspec.Struct, gc=False):
    data: bytes


_NOT_BASE64 = (msgspec.ValidationError, UnicodeEncodeError)


def transform(records: Sequence[IncomingRecord], check: EventCheck, destination: Destination) -> Outcome:
    """Answers every record once, whatever it holds, in a response that Lambda can carry."""
    budget = ReplyBudget([record["recordId"] for record in records])
    take, verdict_of = budget.take, check.verdict
    metadata = destination.metadata()
    overhead = accepted_overhead(metadata)
    replies: list[Reply] = []
    rejected: Counter[Reason] = Counter()
    for record, payload in zip(records, _payloads(records), strict=True):
        if payload is None:
            reason = Reason.NOT_BASE64
        elif isinstance(verdict := verdict_of(payload), Rejected):
            reason = verdict.reason
        else:
            data = record["data"] if verdict is COMPLETE else _completed(payload, verdict.filler)
            if take(len(data) + overhead):
                record_id = record["recordId"]
                replies.append({"recordId": record_id, "result": "Ok", "data": data, "metadata": metadata})
                continue
            reason = Reason.TOO_LARGE
        rejected[reason] += 1
        replies.append(_failure(record, reason, budget))
    return Outcome(replies, rejected)


def _payloads(records: Sequence[IncomingRecord]) -> Iterable[bytes | None]:
    try:
        return [incoming.data for incoming in msgspec.convert(records, list[_Payload])]
    except _NOT_BASE64:
        return map(_payload, records)


def _payload(record: IncomingRecord) -> bytes | None:
    try:
        return msgspec.convert(record, _Payload).data
    except _NOT_BASE64:
        return None


def _completed(payload: bytes, filler: bytes) -> str:
    """The client's own text with the absent fields added as null: Firehose documents no absent columns."""
    end = payload.rindex(b"}")
    return b64encode(payload[:end] + filler + payload[end:]).decode()


def _failure(record: IncomingRecord, reason: Reason, budget: ReplyBudget) -> Reply:
    # Firehose keeps the record that it sent; this echo is for people, as far as the response has room.
    data = record.get("data")
    echoed = isinstance(data, str) and data.isascii() and reason is not Reason.TOO_LARGE
    if not echoed or not budget.take(encoded_size(data)):
        data = ""
    return {"recordId": record["recordId"], "result": "ProcessingFailed", "data": data}
