"""A delivery stream over fakes: every record ends once as a row, a failure or dropped, whatever breaks."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local_runtime.errors import AwsError, TableNotFoundError
from local_runtime.firehose.config import (
    Buffering,
    DeliveryStreamSettings,
    ErrorOutput,
    IcebergOutput,
    TableRoute,
    TransformSettings,
)
from local_runtime.firehose.delivery import Delivery
from local_runtime.firehose.iceberg import IcebergDestination, IcebergRows
from local_runtime.firehose.ledger import Ledger
from local_runtime.firehose.records import SourceRecord
from local_runtime.firehose.transform import Transformer

pa = pytest.importorskip("pyarrow")

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

    def expire(self, positions: Mapping[str, str]) -> int:
        return 0


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


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_every_record_ends_once_as_row_failure_or_dropped(world: World) -> None:
    for index in range(50):
        world.source.put(b"good %d" % index, f"shard-{index % 2}")
    for data in (b"bad", b"drop", b"misfit", b"bad"):
        world.source.put(data)
    delivery = world.run()
    assert sorted(world.tables.rows) == sorted(b"good %d" % index for index in range(50))
    assert sorted(world.objects.raw()) == [b"bad", b"bad", b"misfit"]
    assert delivery.status()["counters"] == {
        "stored": 50,
        "dropped": 1,
        "processing-failed": 2,
        "processing-failed:Lambda.ProcessingFailedStatus": 2,
        "iceberg-failed": 1,
        "iceberg-failed:Iceberg.SchemaTypeMismatch": 1,
    }


def test_error_object_has_firehoses_envelope_and_prefix(world: World) -> None:
    world.source.put(b"bad")
    world.run()
    (key,) = world.objects
    assert key.startswith("errors/err/processing-failed/2023/11/14/web-logs-1-2023-11-14-22-13-20-")
    (envelope,) = world.objects.envelopes()
    assert envelope.pop("attemptEndingTimestamp") > 1_700_000_000_000
    assert envelope == {
        "attemptsMade": 1,
        "arrivalTimestamp": 1_700_000_000_000,
        "errorCode": "Lambda.ProcessingFailedStatus",
        "errorMessage": "ProcessingFailed status set for record",
        "rawData": base64.b64encode(b"bad").decode(),
        "lambdaArn": "arn:aws:lambda:::function:t",
    }


@pytest.mark.parametrize("point", ["after-begin", "after-error-objects", "after-commit"])
def test_kill_between_two_durable_writes_loses_and_doubles_nothing(world: World, point: str) -> None:
    for data in (b"one", b"bad", b"misfit", b"drop"):
        world.source.put(data)
    world.run(crash_at=point)
    world.source.put(b"two", "shard-1")
    delivery = world.run()
    assert sorted(world.tables.rows) == [b"one", b"two"]
    assert sorted(world.objects.raw()) == [b"bad", b"misfit"]
    counters = delivery.status()["counters"]
    assert (counters["stored"], counters["dropped"]) == (2, 1)
    assert (counters["processing-failed"], counters["iceberg-failed"]) == (1, 1)


def test_failed_commit_is_tried_again_with_the_same_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_runtime.firehose.delivery.RETRY_SECONDS", (0.01,))
    world.tables.failures_to_come = 3
    world.source.put(b"one")
    delivery = world.run()
    assert world.tables.rows == [b"one"]
    assert delivery.status()["last_error"] is None


def test_invocation_that_fails_is_tried_again(world: World) -> None:
    world.function.script = [lambda event: Answer(b'{"errorMessage": "boom"}', "Unhandled")] * 2
    world.source.put(b"one")
    world.run()
    assert world.tables.rows == [b"one"]
    assert world.function.calls == 3


def test_batch_goes_to_the_error_prefix_when_every_try_fails(world: World) -> None:
    message = b'{"errorMessage": "2026-11-21 Task timed out after 3.00 seconds"}'
    world.function.script = [lambda event: Answer(message, "Unhandled")] * 3
    world.source.put(b"one")
    world.run()
    (envelope,) = world.objects.envelopes()
    assert (envelope["errorCode"], envelope["attemptsMade"]) == ("Lambda.FunctionTimedOut", 3)
    assert world.objects.raw() == [b"one"]


def _without_last(event: dict[str, Any]) -> Answer:
    records = [{"recordId": r["recordId"], "result": "Ok", "data": r["data"]} for r in event["records"]]
    return Answer(json.dumps({"records": records[:-1]}).encode())


def _with_a_repeat(event: dict[str, Any]) -> Answer:
    records = [{"recordId": r["recordId"], "result": "Ok", "data": r["data"]} for r in event["records"]]
    return Answer(json.dumps({"records": [*records[:-1], records[0]]}).encode())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (_without_last, "Lambda.MissingRecordId"),
        (_with_a_repeat, "Lambda.DuplicatedRecordId"),
        (lambda event: Answer(b"nonsense"), "Lambda.JsonProcessingException"),
        (lambda event: Answer(b"null"), "Lambda.JsonProcessingException"),
    ],
)
def test_answer_against_the_contract_fails_the_whole_batch(
    world: World, answer: Callable[[dict[str, Any]], Answer], code: str
) -> None:
    world.function.script = [answer]
    world.source.put(b"one")
    world.source.put(b"two")
    world.run()
    assert {envelope["errorCode"] for envelope in world.objects.envelopes()} == {code}
    assert sorted(world.objects.raw()) == [b"one", b"two"]


@pytest.mark.parametrize("data", [None, 7, "not base64!"])
def test_data_that_is_no_base64_text_fails_that_record_alone(world: World, data: Any) -> None:
    def answer(event: dict[str, Any]) -> Answer:
        first, second = event["records"]
        records = [
            {"recordId": first["recordId"], "result": "Ok", "data": data},
            {"recordId": second["recordId"], "result": "Ok", "data": second["data"]},
        ]
        return Answer(json.dumps({"records": records}).encode())

    world.function.script = [answer]
    world.source.put(b"one")
    world.source.put(b"two")
    world.run()
    assert world.tables.rows == [b"two"]
    assert world.objects.raw() == [b"one"]


def test_records_of_an_unknown_table_are_kept_as_iceberg_failed(world: World) -> None:
    def answer(event: dict[str, Any]) -> Answer:
        target = {"destinationDatabaseName": "db", "destinationTableName": "other", "operation": "insert"}
        records = [
            {
                "recordId": r["recordId"],
                "result": "Ok",
                "data": r["data"],
                "metadata": {"otfMetadata": target},
            }
            for r in event["records"]
        ]
        return Answer(json.dumps({"records": records}).encode())

    world.function.script = [answer]
    world.source.put(b"one")
    world.run()
    (envelope,) = world.objects.envelopes()
    assert envelope["errorCode"] == "Iceberg.NoSuchTable"


def test_record_larger_than_an_event_may_be_fails_alone(world: World) -> None:
    def refuse(event: dict[str, Any]) -> Answer:
        raise AwsError("RequestTooLargeException", "8388608 byte payload is too large", 413)

    world.function.script = [refuse]
    world.source.put(b"x" * 101)
    world.source.put(b"one")
    delivery = world.run()
    assert world.tables.rows == [b"one"]
    counters = delivery.status()["counters"]
    assert counters["processing-failed:Lambda.RequestTooLargeException"] == 1


def test_response_over_six_megabytes_is_tried_again_and_fails_the_chunk(world: World) -> None:
    too_large = b'{"errorType": "Function.ResponseSizeTooLarge", "errorMessage": "over 6291556 bytes"}'
    world.function.script = [lambda event: Answer(too_large, "Unhandled")] * 3
    world.source.put(b"one")
    world.run()
    (envelope,) = world.objects.envelopes()
    assert (envelope["errorCode"], envelope["attemptsMade"]) == ("Lambda.FunctionError", 3)
    assert "ResponseSizeTooLarge" in envelope["errorMessage"]


@pytest.mark.parametrize("point", ["after-begin", "after-error-objects", "after-commit"])
def test_function_that_answers_otherwise_after_a_kill_doubles_nothing(world: World, point: str) -> None:
    """The first life stores `one` and refuses `bad`; in the second the function refuses everything."""
    for data in (b"one", b"bad"):
        world.source.put(data)
    world.run(crash_at=point)
    world.function.verdict = "ProcessingFailed"
    delivery = world.run()
    kept = sorted([*world.tables.rows, *world.objects.raw()])
    assert kept == [b"bad", b"one"]
    assert world.tables.rows == ([b"one"] if point == "after-commit" else [])
    counters = delivery.status()["counters"]
    assert counters.get("stored", 0) + counters["processing-failed"] == 2


def test_table_dropped_before_its_commit_sends_its_records_to_the_error_prefix(world: World) -> None:
    world.tables.gone_at_commit = True
    world.source.put(b"one")
    world.run()
    (envelope,) = world.objects.envelopes()
    assert envelope["errorCode"] == "Iceberg.NoSuchTable"


def test_source_bytes_are_let_go_once_they_are_converted(world: World) -> None:
    for index in range(20):
        world.source.put(b"good %d" % index)
    world.source.put(b"bad")
    delivery = world.delivery()
    with ThreadPoolExecutor(1) as pool:
        while delivery._read_ahead(pool):
            pass
    buffer = delivery._buffer
    assert buffer.records == 21
    assert [failure.raw for failure in buffer.failures] == [b"bad"]
    assert all(isinstance(part, IcebergRows) for part in buffer.parts)


def test_start_says_what_the_last_run_left(world: World) -> None:
    world.source.put(b"one")
    world.run(crash_at="after-commit")
    world.source.put(b"two")
    delivery = world.delivery()
    assert delivery.found == ["a batch of 1 records was interrupted", "2 records wait in the stream"]
    delivery = world.run()
    assert delivery.recovered == ("a batch of 1 records was interrupted; it was found complete and finished")


def test_stop_delivers_nothing_more(world: World) -> None:
    delivery = world.delivery()
    delivery.request_stop()
    world.source.put(b"one")
    delivery.start()
    delivery.join()
    assert world.tables.rows == []
    world.run()
    assert world.tables.rows == [b"one"]


def test_chunks_respect_the_buffer_size_and_lambdas_request_limit() -> None:
    assert SETTINGS.transform is not None
    transformer = Transformer(SETTINGS, SETTINGS.transform, FakeFunction(), "us-east-1")
    records = [SourceRecord("s", str(index), "k", b"x" * 40, 0.0) for index in range(5)]
    assert [len(chunk) for chunk in transformer.chunks(records)] == [2, 2, 1]
    big = [SourceRecord("s", str(index), "k", b"x" * 500, 0.0) for index in range(2)]
    assert [len(chunk) for chunk in transformer.chunks(big)] == [1, 1]
    assert list(transformer.chunks([])) == []
