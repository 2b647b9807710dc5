"""Decides, for each record of a batch, whether it goes to the Iceberg table, and how Firehose is told.

https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-format-input-record-different.html
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import attrgetter
from typing import Annotated

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
from lambdas.common.record_text import UNPARSED
from lambdas.common.verdict import COMPLETE, Accepted, Reason, Rejected
from lambdas.web_analytics.transform.enrichment import Enrichment, stamp_all

LAST_MOMENT_MS = 253_402_300_799_999
"""The end of the year 9999, in milliseconds since 1970."""


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


class Payload(msgspec.Struct, gc=False, eq=False):
    """A record as the function needs it: decoded, with its arrival in milliseconds since 1970."""

    data: bytes
    arrival: Annotated[int, msgspec.Meta(ge=0, le=LAST_MOMENT_MS)] | None = msgspec.field(
        default=None, name="approximateArrivalTimestamp"
    )


_data_of, _arrival_of = attrgetter("data"), attrgetter("arrival")
_NOT_BASE64 = (msgspec.ValidationError, UnicodeEncodeError)


def transform(
    records: Sequence[IncomingRecord], check: EventCheck, destination: Destination, enrichment: Enrichment
) -> Outcome:
    """Answers every record once, whatever it holds, in a response that Lambda can carry."""
    budget = ReplyBudget([record["recordId"] for record in records])
    take, verdict_of = budget.take, check.verdict
    metadata = destination.metadata()
    overhead = accepted_overhead(metadata)
    replies: list[Reply] = []
    rejected: Counter[Reason] = Counter()
    batch = payloads(records)
    if_complete = _whole_batch(records, batch, enrichment)
    for record, incoming, data in zip(records, batch, if_complete, strict=True):
        if incoming is None:
            reason = Reason.NOT_BASE64
        elif isinstance(verdict := verdict_of(incoming.data), Rejected):
            reason = verdict.reason
        else:
            if data is None or verdict is not COMPLETE:
                data = _stored(record, incoming, verdict, enrichment)
            if data is not None and take(len(data) + overhead):
                record_id = record["recordId"]
                replies.append({"recordId": record_id, "result": "Ok", "data": data, "metadata": metadata})
                continue
            reason = Reason.NOT_JSON if data is None else Reason.TOO_LARGE
        rejected[reason] += 1
        replies.append(_failure(record, reason, budget))
    return Outcome(replies, rejected)


def payloads(records: Sequence[IncomingRecord]) -> Sequence[Payload | None]:
    """The records' bytes and arrivals; None for what is no base64."""
    try:
        return msgspec.convert(records, list[Payload])
    except _NOT_BASE64:
        return [_payload(record) for record in records]


def _payload(record: IncomingRecord) -> Payload | None:
    try:
        return msgspec.convert(record, Payload)
    except _NOT_BASE64:
        return None


def _whole_batch(
    records: Sequence[IncomingRecord], batch: Sequence[Payload | None], enrichment: Enrichment
) -> Iterable[str | None]:
    """What is stored of each record if it is complete; None where that has to be found out one by one."""
    if not enrichment.truncate_ip and None not in batch:
        texts = [record["data"] for record in records]
        if not enrichment.add_ids:
            return texts
        arrivals = list(map(_arrival_of, batch))
        if None not in arrivals:  # Firehose always says when a record arrived; a hand-made event may not
            return stamp_all(texts, map(_data_of, batch), arrivals)
    return repeat(None, len(batch))


def _stored(
    record: IncomingRecord, incoming: Payload, verdict: Accepted, enrichment: Enrichment
) -> str | None:
    """What is stored of a record that needs more than a stamp; None where a parser gives up on it."""
    try:
        return enrichment.stored(record["data"], incoming.data, verdict, incoming.arrival)
    except UNPARSED:
        return None


def _failure(record: IncomingRecord, reason: Reason, budget: ReplyBudget) -> Reply:
    # Firehose keeps the record that it sent; this echo is for people, as far as the response has room.
    data = record.get("data")
    echoed = isinstance(data, str) and data.isascii() and reason is not Reason.TOO_LARGE
    if not echoed or not budget.take(encoded_size(data)):
        data = ""
    return {"recordId": record["recordId"], "result": "ProcessingFailed", "data": data}
