"""A stream behind its API, refusing single records and failing whole calls as a schedule says."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from local_runtime.errors import AwsError
from local_runtime.kinesis.limits import Rejection
from local_runtime.service import Service

THROTTLED = Rejection("ProvisionedThroughputExceededException", "Rate exceeded for shard.")
INTERNAL = Rejection("InternalFailure", "Internal service failure.")


class StreamFaults:
    """What is still to go wrong, in order; what did, by name."""

    def __init__(self) -> None:
        self.refusals: deque[Rejection | None] = deque()
        self.calls: deque[str] = deque()
        """`refused`: the call does nothing; `answer lost`: it does its work and answers a failure."""
        self.seen: Counter[str] = Counter()

    def admit(self, stream: str, shard_id: str, size: int) -> Rejection | None:
        """The `Admission` of `KinesisService`: a verdict on each single record."""
        rejection = self.refusals.popleft() if self.refusals else None
        if rejection is not None:
            self.seen[rejection.code] += 1
        return rejection

    def clear(self) -> None:
        self.refusals.clear()
        self.calls.clear()


class FaultyService:
    """A `Service` in front of the real one."""

    def __init__(self, service: Service, faults: StreamFaults) -> None:
        self._service = service
        self._faults = faults

    def __call__(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        fault = self._faults.calls.popleft() if self._faults.calls else None
        if fault is None:
            return self._service(action, request)
        self._faults.seen[fault] += 1
        if fault == "answer lost":
            self._service(action, request)
        raise AwsError("InternalFailure", "Internal service failure.", 500)


class Switch:
    """The service of a gateway that outlives the worlds: loading the API costs more than a schedule."""

    def __init__(self) -> None:
        self.target: Service | None = None

    def __call__(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        assert self.target is not None, "no world is up"
        return self.target(action, request)
