"""One delivery stream at work: read ahead and transform, buffer, then deliver the buffer as one batch.

Reading and transforming run ahead of delivery and live in memory alone. Delivery is the durable part, in
this order: the batch is written down, error objects are put, tables are committed, the batch is finished.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from local_runtime.firehose.config import Buffering, DeliveryStreamSettings
from local_runtime.firehose.error_output import ObjectWriter, write_failures
from local_runtime.firehose.iceberg import IcebergDestination
from local_runtime.firehose.ledger import Batch, Ledger
from local_runtime.firehose.records import Failure, Outcomes, Positions, Row, SourceRecord
from local_runtime.firehose.transform import Transformer, route

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""Firehose asks each shard once a second."""
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
READ_LIMIT = 10_000

CrashPoint = Callable[[str], None]


class Source(Protocol):
    """The stream as a consumer sees it."""

    def shard_ids(self) -> Sequence[str]: ...
    def read(
        self, shard_id: str, after: str | None, limit: int, max_bytes: int
    ) -> Sequence[SourceRecord]: ...
    def latest(self) -> dict[str, str]: ...


def covers(positions: Positions, goal: Positions) -> bool:
    """Whether every shard's position is at the goal or past it."""
    return all(positions.get(shard_id, "") >= sequence for shard_id, sequence in goal.items())


@dataclass
class Buffer:
    """Transformed records that wait for delivery, and the source positions they reach to."""

    after: dict[str, str]
    upto: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    dropped: int = 0
    bytes: int = 0
    oldest: float | None = None

    def add(self, records: Sequence[SourceRecord], outcomes: Outcomes, now: float) -> None:
        if self.oldest is None:
            self.oldest = now
        self.rows += outcomes.rows
        self.failures += outcomes.failures
        self.dropped += outcomes.dropped
        self.bytes += sum(len(record.data) for record in records)
        for record in records:
            self.upto[record.shard_id] = record.sequence_number

    @property
    def reached(self) -> dict[str, str]:
        return {**self.after, **self.upto}

    def reaches(self, goal: Positions) -> bool:
        return covers(self.reached, goal)

    def is_due(self, hints: Buffering, now: float) -> bool:
        if self.oldest is None:
            return False
        return self.bytes >= hints.size_bytes or now - self.oldest >= hints.interval_seconds


class Delivery:
    """The worker thread of one delivery stream."""

    def __init__(
        self,
        settings: DeliveryStreamSettings,
        *,
        source: Source,
        transformer: Transformer | None,
        destination: Callable[[], IcebergDestination],
        objects: ObjectWriter,
        ledger: Ledger,
        interval_seconds: float | None = None,
        parallel: int = 1,
        clock: Callable[[], float] = time.time,
        crash_point: CrashPoint = lambda name: None,
    ) -> None:
        self._settings = settings
        self.source = source
        self._transformer = transformer
        self._make_destination = destination
        self._objects = objects
        self._ledger = ledger
        self._clock = clock
        self._crash_point = crash_point
        self._parallel = parallel
        interval = settings.buffering.interval_seconds if interval_seconds is None else interval_seconds
        self._hints = Buffering(settings.buffering.size_bytes, interval)
        self._buffer = Buffer(after=ledger.positions(settings.name))
        self._open_batch: Batch | None = None
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._flush_goals: list[dict[str, str]] = []
        self._delivered = threading.Condition()
        self._last_error: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"firehose-{settings.name}", daemon=True)

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def interval(self) -> float:
        """Seconds after which a buffer is delivered, however little it holds."""
        return self._hints.interval_seconds

    def start(self) -> None:
        self._thread.start()

    def request_stop(self) -> None:
        """Deliver nothing more: what is not delivered stays in the stream."""
        self._stopping.set()
        self._wake.set()

    def join(self) -> None:
        """Wait for the step under way to end."""
        self._thread.join()

    def flush(self, timeout: float) -> bool:
        """Deliver what the stream holds now without waiting for the buffering hints.

        Returns:
            Whether all of it was delivered within `timeout` seconds.
        """
        goal = self.source.latest()
        with self._delivered:
            self._flush_goals.append(goal)
            self._wake.set()
            try:
                self._delivered.wait_for(
                    lambda: self._stopping.is_set() or covers(self.positions(), goal), timeout
                )
            finally:
                self._flush_goals.remove(goal)
        return covers(self.positions(), goal)

    def status(self) -> dict[str, Any]:
        """Counts since the state was made, and what waits in memory."""
        buffer = self._buffer
        return {
            "name": self.name,
            "counters": self._ledger.counters(self.name),
            "buffered": len(buffer.rows) + len(buffer.failures) + buffer.dropped,
            "buffered_bytes": buffer.bytes,
            "last_error": self._last_error,
        }

    def positions(self) -> dict[str, str]:
        return self._ledger.positions(self.name)

    def _run(self) -> None:
        with ThreadPoolExecutor(self._parallel, thread_name_prefix=f"transform-{self.name}") as pool:
            self._until_done(lambda: self._recover(pool))
            while not self._stopping.is_set():
                self._until_done(lambda: self._step(pool))

    def _until_done(self, work: Callable[[], None]) -> None:
        """Try again until it succeeds: a full disk or a lost race must not lose a batch."""
        failures = 0
        while not self._stopping.is_set():
            try:
                work()
                self._last_error = None
                return
            except Exception as error:
                self._last_error = f"{type(error).__name__}: {error}"
                pause = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
                failures += 1
                log.exception("%s: delivery failed, next try in %s s", self.name, pause)
                self._stopping.wait(pause)

    def _step(self, pool: ThreadPoolExecutor) -> None:
        if self._open_batch is not None:
            self._complete(self._open_batch, self._buffer)
            return
        got = self._read_ahead(pool)
        if self._stopping.is_set():
            return
        if self._buffer.upto and (self._buffer.is_due(self._hints, self._clock()) or self._flush_reached()):
            self._open_batch = self._ledger.begin(self.name, self._buffer.after, self._buffer.upto)
            self._crash_point("after-begin")
            self._complete(self._open_batch, self._buffer)
        elif not got:
            self._wake.wait(self._pause())
            self._wake.clear()

    def _flush_reached(self) -> bool:
        return any(self._buffer.reaches(goal) for goal in list(self._flush_goals))

    def _pause(self) -> float:
        if self._buffer.oldest is None:
            return POLL_SECONDS
        due = self._buffer.oldest + self._hints.interval_seconds - self._clock()
        return max(0.01, min(POLL_SECONDS, due))

    def _read_ahead(self, pool: ThreadPoolExecutor) -> bool:
        """Move what is new from the stream into the buffer; whether there was anything."""
        room = self._hints.size_bytes - self._buffer.bytes
        if room <= 0:
            return False
        records: list[SourceRecord] = []
        budget = min(room, self._read_budget())
        reached = self._buffer.reached
        for shard_id in self.source.shard_ids():
            found = self.source.read(shard_id, reached.get(shard_id), READ_LIMIT, budget)
            records += found
            budget -= sum(len(record.data) for record in found)
            if budget <= 0:
                break
        if records:
            self._buffer.add(records, self._transformed(records, pool), self._clock())
        return bool(records)

    def _read_budget(self) -> int:
        if self._transformer is None:
            return self._hints.size_bytes
        return self._transformer.settings.buffering.size_bytes * self._parallel

    def _transformed(self, records: Sequence[SourceRecord], pool: ThreadPoolExecutor) -> Outcomes:
        if self._transformer is None:
            rows = tuple(route(record, record.data, None, self._settings.tables) for record in records)
            return Outcomes(rows=rows, failures=())
        parts = list(pool.map(self._transformer.transform, self._transformer.chunks(records)))
        return Outcomes(
            rows=tuple(row for part in parts for row in part.rows),
            failures=tuple(failure for part in parts for failure in part.failures),
            dropped=sum(part.dropped for part in parts),
        )

    def _complete(self, batch: Batch, buffer: Buffer) -> None:
        destination = self._make_destination()
        prepared = destination.prepare(buffer.rows)
        failures = [*buffer.failures, *prepared.failures]
        write_failures(
            self._objects, self._settings.error_output, self.name, batch.id, failures, self._clock()
        )
        self._crash_point("after-error-objects")
        destination.commit(batch, prepared)
        self._crash_point("after-commit")
        counts = {"stored": prepared.row_count, "dropped": buffer.dropped}
        for failure in failures:
            for name in (failure.error_output_type, f"{failure.error_output_type}:{failure.code}"):
                counts[name] = counts.get(name, 0) + 1
        self._ledger.finish(self.name, batch, counts)
        self._open_batch = None
        self._buffer = Buffer(after=self._ledger.positions(self.name))
        with self._delivered:
            self._delivered.notify_all()

    def _recover(self, pool: ThreadPoolExecutor) -> None:
        """Deliver the batch that a crash interrupted, with the same records and the same id."""
        batch = self._ledger.open_batch(self.name)
        if batch is None:
            return
        buffer = Buffer(after=dict(batch.after))
        for shard_id, last in batch.upto.items():
            after = batch.after.get(shard_id)
            while after is None or after < last:
                records = [
                    record
                    for record in self.source.read(shard_id, after, READ_LIMIT, self._read_budget())
                    if record.sequence_number <= last
                ]
                if not records:
                    break
                buffer.add(records, self._transformed(records, pool), self._clock())
                after = records[-1].sequence_number
        log.warning(
            "%s: batch %s was interrupted; its %d records are delivered now",
            self.name,
            batch.id,
            len(buffer.rows) + len(buffer.failures) + buffer.dropped,
        )
        if not self._stopping.is_set():
            self._complete(batch, buffer)
