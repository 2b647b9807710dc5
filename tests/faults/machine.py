"""A process that a schedule drives a step at a time, kills, and starts again on the same files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from local_runtime.firehose.buffer import covers
from local_runtime.firehose.delivery import Delivery
from tests.faults.clock import Clock
from tests.faults.disk import Disk, Killed
from tests.faults.function import TransformFunction
from tests.faults.producer import Producer
from tests.faults.stream import StreamFaults


class InTurn:
    """Stands for the pool of threads: chunks are transformed one after another."""

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return [function(item) for item in items]


class SteppedDelivery(Delivery):
    """A delivery without its thread: an `advance` is what the thread does between two waits."""

    _is_recovered = False

    def advance(self) -> None:
        if not self._is_recovered:
            self._recover()
            self._is_recovered = True
            return
        self._wake.set()
        self._step(cast(ThreadPoolExecutor, InTurn()))
        self._flush_goals[:] = [goal for goal in self._flush_goals if not covers(self.positions(), goal)]

    def want_flush(self) -> None:
        """What `flush` does before it waits."""
        self._flush_goals.append(self.source.latest())


class Machine(ABC):
    """What the worlds have in common: clocks, faults that are still to come, and what happened."""

    producer: Producer
    function: TransformFunction
    delivery: SteppedDelivery

    def __init__(self, state: Path) -> None:
        self.clock = Clock()
        self.disk = Disk()
        self.stream_faults = StreamFaults()
        self.crash_at: str | None = None
        self.seen: Counter[str] = Counter()
        self._state = state

    @abstractmethod
    def _boot(self) -> None:
        """Start the process on its files."""

    @abstractmethod
    def close(self) -> None:
        """End the process."""

    @property
    @abstractmethod
    def is_delivered(self) -> bool:
        """Whether nothing waits any more."""

    def _crash_point(self, name: str) -> None:
        if name == self.crash_at:
            self.crash_at = None
            self.seen[f"killed {name}"] += 1
            raise Killed

    def advance(self) -> None:
        """One step of the delivery; an exception leaves it where it is, as its thread would be."""
        self.survive(lambda: self.delivery.advance())

    def survive(self, work: Callable[[], object]) -> None:
        """Do something that a fault may stop; a kill is followed by another process."""
        try:
            work()
        except Killed:
            self.restart()
        except Exception as error:
            self.seen[type(error).__name__] += 1

    def restart(self) -> None:
        """The process is gone with all its memory; another one takes the state."""
        self.close()
        self._boot()
