"""The transform function in this process, failing in the ways that Lambda and its author know."""

from __future__ import annotations

import base64
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from lambdas.common.event_check import EventCheck
from lambdas.web_analytics.transform.logic import transform
from lambdas.web_analytics.transform.settings import Settings
from local_runtime.firehose.transform import Invocation
from tests.faults.events import serial_of


@dataclass(frozen=True)
class Reply:
    """What Invoke answers."""

    payload: bytes
    function_error: str | None = None


def _failed(error_type: str, message: str) -> Reply:
    return Reply(orjson.dumps({"errorType": error_type, "errorMessage": message}), "Unhandled")


FAILURES = {
    "throws": _failed("ValueError", "boom"),
    "times out": _failed("Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 60.00 seconds"),
    "is killed": _failed(
        "Runtime.ExitError", "RequestId: 1 Error: Runtime exited with error: signal: killed"
    ),
}
"""Invocations without an answer, as `LambdaFunction` reports them; Firehose tries again."""

Records = list[dict[str, Any]]


def _last_missing(records: Records) -> bytes:
    return orjson.dumps({"records": records[:-1]})


def _first_repeated(records: Records) -> bytes:
    return orjson.dumps({"records": [*records, records[0]]})


def _foreign_id(records: Records) -> bytes:
    return orjson.dumps({"records": [*records[:-1], {**records[-1], "recordId": "elsewhere:1"}]})


NONSENSE: dict[str, tuple[str, Callable[[Records], bytes]]] = {
    "misses an id": ("Lambda.MissingRecordId", _last_missing),
    "repeats an id": ("Lambda.DuplicatedRecordId", _first_repeated),
    "invents an id": ("Lambda.MissingRecordId", _foreign_id),
    "answers no JSON": ("Lambda.JsonProcessingException", lambda records: b"<html>oops</html>"),
    "answers null": ("Lambda.JsonProcessingException", lambda records: b"null"),
    "answers no list": ("Lambda.JsonProcessingException", lambda records: b'{"records": {"a": 1}}'),
}
"""Answers against the contract: the whole batch fails with that code, at once."""


def _not_base64(record: dict[str, Any]) -> None:
    record["data"] = "~" + record["data"]


def _odd_result(record: dict[str, Any]) -> None:
    record["result"] = "Perhaps"


def _dropped(record: dict[str, Any]) -> None:
    record["result"] = "Dropped"


def _garbage(record: dict[str, Any]) -> None:
    record["data"] = base64.b64encode(b"garbage " + base64.b64decode(record["data"])).decode()


def _unknown_table(record: dict[str, Any]) -> None:
    target = {**record["metadata"]["otfMetadata"], "destinationTableName": "nowhere"}
    record["metadata"] = {"otfMetadata": target}


SLIPS: dict[str, tuple[str | None, Callable[[dict[str, Any]], None]]] = {
    "breaks base64": ("Lambda.JsonMappingException", _not_base64),
    "gives an odd result": ("Lambda.JsonMappingException", _odd_result),
    "drops a record": (None, _dropped),
    "writes garbage": ("Iceberg.SchemaTypeMismatch", _garbage),
    "names an unknown table": ("Iceberg.NoSuchTable", _unknown_table),
}
"""One record of the answer is wrong: that record alone ends elsewhere."""

UNREACHABLE = "cannot be started"
FAULTS = (*FAILURES, *NONSENSE, *SLIPS, UNREACHABLE)


class TransformFunction(Protocol):
    """A function of a world: what is still to go wrong, and what did."""

    faults: deque[str | None]
    seen: Counter[str]
    codes: dict[int, set[str]]
    """Serial -> the error codes that a fault may have given a good record."""
    dropped: set[int]

    def invoke(self, payload: bytes) -> Invocation: ...


class FaultyFunction:
    """A `Function`; `faults` are what becomes of the next invocations, None for nothing unusual."""

    def __init__(self, answer: Callable[[dict[str, Any]], Records]) -> None:
        self._answer = answer
        self.faults: deque[str | None] = deque()
        self.seen: Counter[str] = Counter()
        self.codes: dict[int, set[str]] = defaultdict(set)
        self.dropped: set[int] = set()

    def invoke(self, payload: bytes) -> Reply:
        event = orjson.loads(payload)
        fault = self.faults.popleft() if self.faults else None
        if fault is None:
            return Reply(orjson.dumps({"records": self._answer(event)}))
        self.seen[fault] += 1
        if fault == UNREACHABLE:
            raise OSError(11, "Resource temporarily unavailable")
        if fault in FAILURES:
            code = "Lambda.FunctionTimedOut" if fault == "times out" else "Lambda.FunctionError"
            self._expose(event["records"], code)
            return FAILURES[fault]
        if fault in NONSENSE:
            code, answer = NONSENSE[fault]
            self._expose(event["records"], code)
            return Reply(answer(self._answer(event)))
        return self._slip(event, fault)

    def _slip(self, event: dict[str, Any], fault: str) -> Reply:
        code, change = SLIPS[fault]
        records = self._answer(event)
        for given, record in zip(event["records"], records, strict=True):
            if record["result"] == "Ok":
                change(record)
                if code is None:
                    self.dropped.add(serial_of(base64.b64decode(given["data"])))
                else:
                    self._expose([given], code)
                break
        return Reply(orjson.dumps({"records": records}))

    def _expose(self, records: Records, code: str) -> None:
        for record in records:
            self.codes[serial_of(base64.b64decode(record["data"]))].add(code)


def web_log_transform(
    settings: Settings, check: EventCheck, tables: tuple[str, ...]
) -> Callable[[dict[str, Any]], Records]:
    """The main system's own function; with two tables, its records are spread over them."""

    def answer(event: dict[str, Any]) -> Records:
        replies = transform(event["records"], check, settings.destination, settings.enrichment).replies
        records: Records = orjson.loads(orjson.dumps(replies))
        for given, record in zip(event["records"], records, strict=True):
            if record["result"] == "Ok":
                key = given["kinesisRecordMetadata"]["partitionKey"]
                target = record["metadata"]["otfMetadata"]
                record["metadata"] = {
                    "otfMetadata": {**target, "destinationTableName": table_of(key, tables)}
                }
        return records

    return answer


def table_of(key: str, tables: tuple[str, ...]) -> str:
    """The table that events of a key go to, always the same."""
    return tables[int(key.removeprefix("k")) // 2 % len(tables)]
