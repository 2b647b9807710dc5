"""Data Firehose's record transformation on the wire: the records in, the replies out, and their 6 MB.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
"""

import json
from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict

# Lambda's limit on a synchronous reply: 6 MB, which its runtime counts as this many bytes.
RESPONSE_LIMIT = 6_291_556

Operation = Literal["insert", "update", "delete"]


class IncomingRecord(TypedDict):
    recordId: str
    data: str
    approximateArrivalTimestamp: NotRequired[int]


class TransformationEvent(TypedDict):
    """`explain` is no part of Firehose's event: our own tools set it."""

    invocationId: str
    deliveryStreamArn: str
    region: str
    records: list[IncomingRecord]
    explain: NotRequired[bool]


class OtfMetadata(TypedDict):
    """Where a record of an open table format goes: the routing that the delivery stream follows."""

    destinationDatabaseName: str
    destinationTableName: str
    operation: Operation


class Metadata(TypedDict):
    otfMetadata: OtfMetadata


class Reply(TypedDict):
    recordId: str
    result: Literal["Ok", "Dropped", "ProcessingFailed"]
    data: str
    metadata: NotRequired[Metadata]


class TransformationResponse(TypedDict):
    records: list[Reply]


class ReplyBudget:
    """Counts a response's bytes; first sets aside each record's smallest reply, a failure without data."""

    def __init__(self, record_ids: Sequence[str], *, limit: int = RESPONSE_LIMIT) -> None:
        smallest = encoded_size({"recordId": "", "result": "ProcessingFailed", "data": ""}) + len(", ")
        ids = encoded_size("".join(record_ids)) - len('""')
        self._left = limit - encoded_size({"records": []}) - len(record_ids) * smallest - ids

    def take(self, size: int) -> bool:
        """Takes `size` bytes more than a smallest reply has, if there are as many."""
        if size > self._left:
            return False
        self._left -= size
        return True


def accepted_overhead(metadata: Metadata) -> int:
    """How many bytes an accepted record's reply has beyond a smallest one, its data apart."""
    return encoded_size({"result": "Ok", "metadata": metadata}) - encoded_size({"result": "ProcessingFailed"})


def encoded_size(value: object) -> int:
    """No fewer bytes than Lambda's runtime makes of it: the same separators, all but ASCII as escapes."""
    return len(json.dumps(value))
