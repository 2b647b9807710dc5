"""A delivery stream over fakes: every record ends once as a row, a failure or dropped, whatever breaks."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local_runtime.errors import AwsError
from local_runtime.firehose.iceberg import IcebergRows
from local_runtime.firehose.records import SourceRecord
from local_runtime.firehose.transform import Transformer
from tests.unit.local_runtime.firehose.world import (
    SETTINGS,
    Answer,
    FakeFunction,
    World,
)


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


def test_stop_ends_the_wait_of_a_flush(world: World) -> None:
    delivery = world.delivery()
    world.source.put(b"one")
    with ThreadPoolExecutor(1) as pool:
        flushed = pool.submit(delivery.flush, 60)
        while not delivery._flush_goals:
            time.sleep(0.001)
        delivery.request_stop()
        assert flushed.result(10) is False


def test_chunks_respect_the_buffer_size_and_lambdas_request_limit() -> None:
    assert SETTINGS.transform is not None
    transformer = Transformer(SETTINGS, SETTINGS.transform, FakeFunction(), "us-east-1")
    records = [SourceRecord("s", str(index), "k", b"x" * 40, 0.0) for index in range(5)]
    assert [len(chunk) for chunk in transformer.chunks(records)] == [2, 2, 1]
    big = [SourceRecord("s", str(index), "k", b"x" * 500, 0.0) for index in range(2)]
    assert [len(chunk) for chunk in transformer.chunks(big)] == [1, 1]
    assert list(transformer.chunks([])) == []
