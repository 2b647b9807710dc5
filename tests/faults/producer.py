"""A well-behaved client of the API: it sends again what was not acknowledged, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from tests.faults.events import Event


class Answer(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Api(Protocol):
    def __call__(self, path: str, body: object) -> Answer: ...


class Acknowledged(NamedTuple):
    """A put that the client was told the place of."""

    event: Event
    shard_id: str
    sequence_number: str


@dataclass(frozen=True)
class Load:
    """How a producer sends."""

    api_method: str
    """`record` or `records`."""
    size: int
    """Records a call, at most."""


class Producer:
    """Keeps its unacknowledged events in order.

    `ordered`: of each key one event is under way at a time, and Kinesis promises their order. Else a call may
    hold several of one key, whose order a partial failure undoes.
    """

    def __init__(self, call: Api, keys: Sequence[str], *, ordered: bool) -> None:
        self._call = call
        self._keys = keys
        self._ordered = ordered
        self._waiting: list[Event] = []
        self.sent: dict[int, Event] = {}
        self.acknowledged: list[Acknowledged] = []
        self.uncertain: Counter[int] = Counter()
        """Serials in calls that failed as a whole: the stream may have them or not."""
        self.statuses: Counter[int] = Counter()

    @property
    def waits(self) -> bool:
        return bool(self._waiting)

    def put(self, load: Load, fresh: int, poison: str | None) -> None:
        """One call: first what is to be sent again, then up to `fresh` new events, the last one poisoned."""
        for index in range(fresh):
            event = self._next(poison if index == fresh - 1 else None)
            if event is not None:
                self._waiting.append(event)
        batch = self._waiting[: 1 if load.api_method == "record" else load.size]
        if not batch:
            return
        if load.api_method == "record":
            self._put_record(batch[0])
        else:
            self._put_records(batch)

    def _next(self, poison: str | None) -> Event | None:
        serial = len(self.sent)
        busy = {event.key for event in self._waiting} if self._ordered else set()
        free = [key for key in self._keys if key not in busy]
        if not free:
            return None
        # A stride that is prime to the number of keys: neighbours differ, all keys come round.
        event = Event(serial, free[serial * 7 % len(free)], poison)
        self.sent[serial] = event
        return event

    def _put_record(self, event: Event) -> None:
        answer = self._send("record", {"Data": event.value, "PartitionKey": event.key}, [event])
        if answer is not None:
            self._settle([event], [answer])

    def _put_records(self, events: list[Event]) -> None:
        records = [{"data": event.text, "partition-key": event.key} for event in events]
        answer = self._send("records", {"records": records}, events)
        if answer is not None:
            assert len(answer["Records"]) == len(events)
            self._settle(events, answer["Records"])

    def _send(self, path: str, body: object, events: Sequence[Event]) -> dict[str, Any] | None:
        """The call's answer; None when it failed as a whole."""
        answer = self._call(path, body)
        self.statuses[answer.status] += 1
        assert answer.status in (200, 429, 500, 503), (answer.status, answer.body)
        document = json.loads(answer.body)
        if answer.status == 200 or "Records" in document:
            assert (answer.status == 200) == (document.get("FailedRecordCount", 0) == 0), document
            return dict(document)
        self.uncertain.update(event.serial for event in events)
        return None

    def _settle(self, events: Sequence[Event], records: Sequence[dict[str, Any]]) -> None:
        for event, record in zip(events, records, strict=True):
            if "ErrorCode" in record:
                assert record["ErrorCode"] in ("ProvisionedThroughputExceededException", "InternalFailure")
                continue
            self._waiting.remove(event)
            self.acknowledged.append(Acknowledged(event, record["ShardId"], record["SequenceNumber"]))
