"""A delivery stream over fakes: a source, a function, tables and objects, and one life after another."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from local_runtime.errors import TableNotFoundError
from local_runtime.firehose.config import (
    Buffering,
    DeliveryStreamSettings,
    ErrorOutput,
    IcebergOutput,
    TableRoute,
    TransformSettings,
)
from local_runtime.firehose.delivery import Delivery
from local_runtime.firehose.iceberg import IcebergDestination
from local_runtime.firehose.ledger import Ledger
from local_runtime.firehose.records import SourceRecord
from local_runtime.firehose.transform import Transformer

SETTINGS = DeliveryStreamSettings(
    name="web-logs",
    arn="arn:aws:firehose:us-east-1:123456789012:deliverystream/web-logs",
    source_stream_arn="arn:aws:kinesis:us-east-1:123456789012:stream/web",
    buffering=Buffering(size_bytes=1_000_000, interval_seconds=0),
    transform=TransformSettings("arn:aws:lambda:::function:t", Buffering(100, 1), retries=2),
    error_output=ErrorOutput("errors", "err/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/", False),
    destination=IcebergOutput((TableRoute("db", "t"),)),
)


class FakeSource:
    def __init__(self) -> None:
        self.records: dict[str, list[SourceRecord]] = {"shard-0": [], "shard-1": []}

    def put(self, data: bytes, shard_id: str = "shard-0") -> None:
        records = self.records[shard_id]
        records.append(SourceRecord(shard_id, f"{len(records) + 1:056d}", "key", data, 1_700_000_000.0))

    def shard_ids(self) -> Sequence[str]:
        return list(self.records)

    def read(self, shard_id: str, after: str | None, limit: int, max_bytes: int) -> Sequence[SourceRecord]:
        found = [record for record in self.records[shard_id] if record.sequence_number > (after or "")]
        return found[: min(limit, max(1, max_bytes // 10))]

    def latest(self) -> dict[str, str]:
        return {shard: records[-1].sequence_number for shard, records in self.records.items() if records}

    def waiting(self, positions: Mapping[str, str]) -> tuple[int, int, float | None]:
        waiting = [
            record
            for shard_id, records in self.records.items()
            for record in records
            if record.sequence_number > positions.get(shard_id, "")
        ]
        return len(waiting), sum(len(record.data) for record in waiting), None

    def expired(self, positions: Mapping[str, str]) -> tuple[int, Mapping[str, str]]:
        return 0, positions

    def forget(self, positions: Mapping[str, str]) -> None:
        pass


@dataclass
class Answer:
    payload: bytes
    function_error: str | None = None


@dataclass
class FakeFunction:
    """Answers Ok, unless the data says otherwise; `script` answers the first calls instead."""

    script: list[Callable[[dict[str, Any]], Answer]] = field(default_factory=list)
    calls: int = 0
    verdict: str | None = None
    """Of every record, when it is set."""

    def invoke(self, payload: bytes) -> Answer:
        self.calls += 1
        event = json.loads(payload)
        if self.script:
            return self.script.pop(0)(event)
        return Answer(
            json.dumps({"records": [self._verdict(record) for record in event["records"]]}).encode()
        )

    def _verdict(self, record: Mapping[str, Any]) -> dict[str, Any]:
        data = base64.b64decode(record["data"])
        result = self.verdict
        if result is None:
            result = {b"bad": "ProcessingFailed", b"drop": "Dropped"}.get(data, "Ok")
        return {"recordId": record["recordId"], "result": result, "data": record["data"]}


@dataclass
class Refused:
    index: int
    error_code: str
    message: str


class FakeTables:
    """Keeps documents as rows; refuses `misfit` and fails as often as it is told to."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.summaries: list[Mapping[str, str]] = []
        self.failures_to_come = 0
        self.gone_at_commit = False
        self.is_gone = False

    def convert(self, database: str, table: str, documents: Sequence[bytes]) -> tuple[Any, Sequence[Refused]]:
        if (database, table) != ("db", "t") or self.is_gone:
            raise TableNotFoundError(f"{database}.{table}")
        misfits = [index for index, document in enumerate(documents) if document == b"misfit"]
        fitting = [document for document in documents if document != b"misfit"]
        refused = [Refused(index, "Iceberg.SchemaTypeMismatch", "misfit") for index in misfits]
        return pa.table({"document": fitting}), refused

    def append(self, database: str, table: str, records: Any, summary: Mapping[str, str]) -> None:
        if self.gone_at_commit:
            self.is_gone = True
            raise TableNotFoundError(f"{database}.{table}")
        if self.failures_to_come:
            self.failures_to_come -= 1
            raise OSError("No space left on device")
        self.rows += records["document"].to_pylist()
        self.summaries.append(summary)

    def snapshot_property(self, database: str, table: str, key: str) -> str | None:
        return next((summary[key] for summary in reversed(self.summaries) if key in summary), None)


class FakeObjects(dict[str, bytes]):
    def put(self, bucket: str, key: str, data: bytes) -> None:
        self[f"{bucket}/{key}"] = data

    def delete(self, bucket: str, key: str) -> None:
        self.pop(f"{bucket}/{key}", None)

    def envelopes(self) -> Iterator[dict[str, Any]]:
        for data in self.values():
            yield from (json.loads(line) for line in data.splitlines())

    def raw(self) -> list[bytes]:
        return [base64.b64decode(envelope["rawData"]) for envelope in self.envelopes()]


class Killed(BaseException):
    """Stands for kill -9: nothing after it runs, memory is gone, the ledger and the tables stay."""


@dataclass
class World:
    path: Path
    source: FakeSource = field(default_factory=FakeSource)
    function: FakeFunction = field(default_factory=FakeFunction)
    tables: FakeTables = field(default_factory=FakeTables)
    objects: FakeObjects = field(default_factory=FakeObjects)

    def delivery(self, crash_at: str = "") -> Delivery:
        def crash_point(name: str) -> None:
            if name == crash_at:
                raise Killed

        assert SETTINGS.transform is not None
        return Delivery(
            SETTINGS,
            source=self.source,
            transformer=Transformer(SETTINGS, SETTINGS.transform, self.function, "us-east-1"),
            destination=lambda: IcebergDestination(self.tables, SETTINGS.name, SETTINGS.routes),
            objects=self.objects,
            ledger=Ledger(self.path / "firehose.db"),
            crash_point=crash_point,
        )

    def run(self, crash_at: str = "") -> Delivery:
        """One life of the delivery stream: until all is delivered, or until it is killed."""
        delivery = self.delivery(crash_at)
        if crash_at:
            killed = threading.Event()
            delivery._thread = threading.Thread(target=lambda: _until_killed(delivery._run, killed))
            delivery.start()
            assert killed.wait(10)
            delivery.join()
            return delivery
        delivery.start()
        assert delivery.flush(10)
        delivery.request_stop()
        delivery.join()
        return delivery


def _until_killed(run: Callable[[], None], killed: threading.Event) -> None:
    try:
        run()
    except Killed:
        killed.set()
