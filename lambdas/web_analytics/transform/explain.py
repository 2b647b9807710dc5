"""What the function would do with records, for tools that ask before they put records back.

Firehose's event with `"explain": true` beside its records is answered by verdicts instead of records, and
is not counted in the metrics (docs/decisions/0062-explain.md).
"""

from collections.abc import Iterator, Sequence
from typing import TypedDict

from lambdas.common.event_check import EventCheck
from lambdas.common.firehose import IncomingRecord
from lambdas.common.verdict import Reason, Rejected
from lambdas.web_analytics.transform.enrichment import Enrichment
from lambdas.web_analytics.transform.logic import payloads


class Explanation(TypedDict):
    """`reason` is null for a record that is accepted; `eventId` is null for what is no base64."""

    recordId: str
    reason: Reason | None
    eventId: str | None


def explain(
    records: Sequence[IncomingRecord], check: EventCheck, enrichment: Enrichment
) -> Iterator[Explanation]:
    """One explanation a record, in the records' order; the size of a response is no reason here."""
    for record, incoming in zip(records, payloads(records), strict=True):
        record_id = record["recordId"]
        if incoming is None:
            yield {"recordId": record_id, "reason": Reason.NOT_BASE64, "eventId": None}
            continue
        payload = incoming.data
        verdict = check.verdict(payload)
        if isinstance(verdict, Rejected):
            yield {"recordId": record_id, "reason": verdict.reason, "eventId": enrichment.event_id(payload)}
        else:
            yield {"recordId": record_id, "reason": None, "eventId": enrichment.event_id(payload, verdict)}
