"""The Lambda contract: chunks of records out, one verdict for each record back.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
"""

from __future__ import annotations

import binascii
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from local_runtime.errors import AwsError
from local_runtime.firehose.config import DeliveryStreamSettings, TableRoute, TransformSettings
from local_runtime.firehose.records import PROCESSING_FAILED, Failure, Outcomes, Row, SourceRecord

REQUEST_LIMIT_BYTES = 6_290_000
"""Lambda takes 6 MiB; the event around the records needs a little of it."""
_ENVELOPE_BYTES = 420
"""What one record costs in the request beside its base64 text, generously."""


class Invocation(Protocol):
    @property
    def function_error(self) -> str | None: ...
    @property
    def payload(self) -> bytes: ...


class Function(Protocol):
    def invoke(self, payload: bytes) -> Invocation: ...


class BadResponseError(Exception):
    """The function answered, but not as Firehose demands."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Transformer:
    """Calls the transform function for chunks of records of one delivery stream."""

    stream: DeliveryStreamSettings
    settings: TransformSettings
    function: Function
    region: str

    def chunks(self, records: Sequence[SourceRecord]) -> Iterator[Sequence[SourceRecord]]:
        """Cut by `BufferSizeInMBs` of data and by Lambda's limit on a request."""
        start = data_bytes = request_bytes = 0
        for index, record in enumerate(records):
            size = len(record.data)
            cost = size * 4 // 3 + _ENVELOPE_BYTES
            full = data_bytes + size > self.settings.buffering.size_bytes
            if index > start and (full or request_bytes + cost > REQUEST_LIMIT_BYTES):
                yield records[start:index]
                start, data_bytes, request_bytes = index, 0, 0
            data_bytes += size
            request_bytes += cost
        if start < len(records):
            yield records[start:]

    def transform(self, chunk: Sequence[SourceRecord]) -> Outcomes:
        """One chunk through the function, tried again when the invocation fails; bad data never raises."""
        event = orjson.dumps(self._event(chunk))
        attempts = 0
        while True:
            attempts += 1
            try:
                invocation = self.function.invoke(event)
            except AwsError as error:  # one record that is larger than an event may be
                return self._all_failed(chunk, f"Lambda.{error.code}", error.message, attempts)
            if invocation.function_error is None:
                break
            if attempts > self.settings.retries:
                return self._all_failed(chunk, *_invocation_failure(invocation), attempts)
        try:
            answers = _answers(invocation.payload, chunk)
        except BadResponseError as error:
            return self._all_failed(chunk, error.code, str(error), attempts)
        return self._sort(chunk, answers)

    def _event(self, chunk: Sequence[SourceRecord]) -> dict[str, Any]:
        source = self.stream.source_stream_arn
        return {
            "invocationId": str(uuid.uuid4()),
            "deliveryStreamArn": self.stream.arn,
            **({} if source is None else {"sourceKinesisStreamArn": source}),
            "region": self.region,
            "records": [_event_record(record, from_kinesis=source is not None) for record in chunk],
        }

    def _all_failed(self, chunk: Sequence[SourceRecord], code: str, message: str, attempts: int) -> Outcomes:
        failures = tuple(self._failure(record, code, message, attempts) for record in chunk)
        return Outcomes(rows=(), failures=failures)

    def _failure(self, record: SourceRecord, code: str, message: str, attempts: int = 1) -> Failure:
        return Failure(
            source=record,
            error_output_type=PROCESSING_FAILED,
            code=code,
            message=message,
            raw=record.data,
            attempts=attempts,
            extra={"lambdaArn": self.settings.function_arn},
        )

    def _sort(self, chunk: Sequence[SourceRecord], answers: Mapping[str, Any]) -> Outcomes:
        rows: list[Row] = []
        failures: list[Failure] = []
        dropped = 0
        for record in chunk:
            answer = answers[record.record_id]
            result = answer.get("result")
            if result == "Dropped":
                dropped += 1
            elif result == "Ok":
                try:
                    rows.append(route(record, _decoded(answer), answer.get("metadata"), self.stream.routes))
                except BadResponseError as error:
                    failures.append(self._failure(record, error.code, str(error)))
            else:
                failures.append(self._failure(record, *_refusal(result)))
        return Outcomes(tuple(rows), tuple(failures), dropped)


def route(record: SourceRecord, document: bytes, metadata: Any, tables: Sequence[TableRoute]) -> Row:
    """The table a transformed record goes to: the function's `otfMetadata`, else the only configured table.

    https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-format-input-record-different.html
    """
    target = metadata.get("otfMetadata") if isinstance(metadata, Mapping) else None
    if isinstance(target, Mapping):
        return Row(
            source=record,
            document=document,
            database=str(target.get("destinationDatabaseName", "")),
            table=str(target.get("destinationTableName", "")),
            operation=str(target.get("operation", "insert")),
        )
    only = tables[0] if len(tables) == 1 else TableRoute("", "")
    return Row(record, document, only.database, only.table, "insert")


def _event_record(record: SourceRecord, *, from_kinesis: bool) -> dict[str, Any]:
    arrival = int(record.arrival * 1000)
    event: dict[str, Any] = {
        "recordId": record.record_id,
        "approximateArrivalTimestamp": arrival,
        "data": binascii.b2a_base64(record.data, newline=False).decode("ascii"),
    }
    if from_kinesis:
        event["kinesisRecordMetadata"] = {
            "shardId": record.shard_id,
            "partitionKey": record.partition_key,
            "approximateArrivalTimestamp": arrival,
            "sequenceNumber": record.sequence_number,
            "subsequenceNumber": 0,
        }
    return event


def _answers(payload: bytes, chunk: Sequence[SourceRecord]) -> dict[str, Any]:
    try:
        records = orjson.loads(payload)["records"]
        ids = [str(record["recordId"]) for record in records]
    except (ValueError, KeyError, TypeError) as error:
        message = f"the function's answer is not an object with a list of records: {error!r}"
        raise BadResponseError("Lambda.JsonProcessingException", message) from None
    wanted = {record.record_id for record in chunk}
    repeated = [record_id for record_id, count in Counter(ids).items() if count > 1]
    if repeated:
        raise BadResponseError("Lambda.DuplicatedRecordId", f"the answer repeats the recordId {repeated[0]}")
    missing = wanted.difference(ids)
    if missing or len(ids) > len(wanted):
        name = min(missing, default=min(set(ids) - wanted, default=""))
        raise BadResponseError(
            "Lambda.MissingRecordId", f"the answer and the request differ in recordId {name}"
        )
    return dict(zip(ids, records, strict=True))


def _decoded(answer: Mapping[str, Any]) -> bytes:
    data = answer.get("data")
    if isinstance(data, str):
        with suppress(ValueError):
            return binascii.a2b_base64(data, strict_mode=True) if data else b""
    raise BadResponseError("Lambda.JsonMappingException", "the function's data is not base64 text")


def _refusal(result: Any) -> tuple[str, str]:
    if result == "ProcessingFailed":
        return "Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record"
    return "Lambda.JsonMappingException", f"result must be Ok, Dropped or ProcessingFailed (got {result!r})"


def _invocation_failure(invocation: Invocation) -> tuple[str, str]:
    message = invocation.payload.decode(errors="replace")
    code = "Lambda.FunctionTimedOut" if "timed out" in message else "Lambda.FunctionError"
    return code, message[:1024]
