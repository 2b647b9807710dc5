"""One delivery stream at work: read ahead, transform and convert, then deliver the buffer as one batch.

Reading, transforming and converting run ahead of delivery and live in memory alone. Delivery is the durable
part, in this order: the batch is written down with its verdicts, error objects are put, each target takes its
rows in one step, the batch is finished (docs/decisions/0056).
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Protocol

from local_runtime.firehose.buffer import Buffer, covers, with_failures
from local_runtime.firehose.config import Buffering, DeliveryStreamSettings
from local_runtime.firehose.crash_point import CrashPoint
from local_runtime.firehose.destination import PERMANENT_ERRORS, Destination, TargetError
from local_runtime.firehose.error_output import error_objects
from local_runtime.firehose.ledger import Batch, Ledger
from local_runtime.firehose.records import Outcomes, Positions, SourceRecord
from local_runtime.firehose.transform import Transformer, route

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""Firehose asks each shard once a second."""
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
READ_LIMIT = 10_000


class Objects(Protocol):
    """The buckets that error objects go to."""

    def put(self, bucket: str, key: str, data: bytes) -> None: ...
    def delete(self, bucket: str, key: str) -> None: ...


class Source(Protocol):
    """The stream as a consumer sees it."""

    def shard_ids(self) -> Sequence[str]: ...
    def read(
        self, shard_id: str, after: str | None, limit: int, max_bytes: int
    ) -> Sequence[SourceRecord]: ...
    def latest(self) -> dict[str, str]: ...
    def waiting(self, positions: Positions) -> tuple[int, int, float | None]: ...

    def expired(self, positions: Positions) -> tuple[int, Positions]:
        """How many records after the positions are past their retention, and the positions behind them."""
        ...

    def forget(self, positions: Positions) -> None:
        """Let go of what is delivered or given up."""
        ...


class Delivery:
    """The worker thread of one delivery stream."""

    def __init__(
        self,
        settings: DeliveryStreamSettings,
        *,
        source: Source,
        transformer: Transformer | None,
        destination: Callable[[], Destination[Any, Any]],
        objects: Objects,
        ledger: Ledger,
        interval_seconds: float | None = None,
        parallel: int = 1,
        clock: Callable[[], float] = time.time,
        steady_clock: Callable[[], float] = time.monotonic,
        crash_point: CrashPoint = lambda name: None,
    ) -> None:
        self._settings = settings
        self.source = source
        self._transformer = transformer
        self._make_destination = destination
        self._objects = objects
        self._ledger = ledger
        self._clock = clock
        # How long a buffer has waited: somebody who sets the wall clock back must not hold it up.
        self._steady_clock = steady_clock
        self._crash_point = crash_point
        self._parallel = parallel
        interval = settings.buffering.interval_seconds if interval_seconds is None else interval_seconds
        self._hints = Buffering(settings.buffering.size_bytes, interval)
        self._reading = threading.RLock()
        """Held while records go from the source into the buffer, or are given up."""
        self._buffer = Buffer(after=ledger.positions(settings.name))
        self._open: tuple[Batch, Any] | None = None
        self._last_shard: str | None = None
        self._undone: Positions | None = None
        """Where the batch began that was undone because a target refused its rows."""
        self.found = self._found()
        """What was there at the start, in words: what the run before left to do."""
        self.recovered: str | None = None
        """What became of the batch that was interrupted, in words."""
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._flush_goals: list[dict[str, str]] = []
        self._delivered = threading.Condition()
        self._last_error: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"firehose-{settings.name}", daemon=True)

    def _found(self) -> list[str]:
        batch = self._ledger.open_batch(self.name)
        interrupted = [] if batch is None else [f"a batch of {batch.record_count} records was interrupted"]
        waiting = self.source.waiting(self.positions())[0]
        return [*interrupted, *([f"{waiting} records wait in the stream"] if waiting else [])]

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
        with self._delivered:
            self._delivered.notify_all()

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

    def expire(self) -> int:
        """Give up what is past its retention and let go of what is settled; how many records are lost.

        A record leaves its source when the ledger has its outcome, never before (docs/decisions/0111): while
        records are under way nothing is given up, because the positions cannot move past them.
        """
        with self._reading:
            expired, after = 0, self.positions()
            if not self._buffer.upto and self._ledger.open_batch(self.name) is None:
                expired, upto = self.source.expired(after)
            if expired:
                self._ledger.finish(self.name, Batch(uuid.uuid4(), after, upto, {"expired": expired}, ()))
                self._start_over()
        self.source.forget(self.positions())
        return expired

    def status(self) -> dict[str, Any]:
        """Counts since the state was made, and what waits in memory."""
        buffer = self._buffer
        return {
            "name": self.name,
            "counters": self._ledger.counters(self.name),
            "buffered": buffer.records,
            "buffered_bytes": buffer.bytes,
            "recovered": self.recovered,
            "last_error": self._last_error,
        }

    def positions(self) -> dict[str, str]:
        return self._ledger.positions(self.name)

    def _run(self) -> None:
        with ThreadPoolExecutor(self._parallel, thread_name_prefix=f"transform-{self.name}") as pool:
            self._until_done(self._recover)
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
        if self._open is not None:
            self._deliver(*self._open)
            self._make_destination().release()
            return
        with self._reading:
            got = self._read_ahead(pool)
        if self._stopping.is_set():
            return
        if self._buffer.upto and (
            self._buffer.is_due(self._hints, self._steady_clock()) or self._flush_reached()
        ):
            self._open = self._begin()
            self._crash_point("after-begin")
            self._deliver(*self._open)
            self._make_destination().release()
        elif not got:
            self._wake.wait(self._pause())
            self._wake.clear()

    def _flush_reached(self) -> bool:
        return any(self._buffer.reaches(goal) for goal in list(self._flush_goals))

    def _pause(self) -> float:
        if self._buffer.oldest is None:
            return POLL_SECONDS
        due = self._buffer.oldest + self._hints.interval_seconds - self._steady_clock()
        return max(0.01, min(POLL_SECONDS, due))

    def _read_ahead(self, pool: ThreadPoolExecutor) -> bool:
        """Move what is new from the stream into the buffer; whether there was anything."""
        room = self._hints.size_bytes - self._buffer.bytes
        if room <= 0:
            return False
        records: list[SourceRecord] = []
        budget = min(room, self._read_budget())
        reached = self._buffer.reached
        for shard_id in self._shards_in_turn():
            self._last_shard = shard_id
            found = self.source.read(shard_id, reached.get(shard_id), READ_LIMIT, budget)
            records += found
            budget -= sum(len(record.data) for record in found)
            if budget <= 0:
                break
        if records:
            outcomes = self._transformed(records, pool)
            part = self._make_destination().prepare(outcomes.rows)
            self._buffer.add(records, outcomes, part, self._steady_clock())
        return bool(records)

    def _shards_in_turn(self) -> list[str]:
        """From the one after the last that was read: the first ones alone could use every budget up."""
        shards = list(self.source.shard_ids())
        start = shards.index(self._last_shard) + 1 if self._last_shard in shards else 0
        return [*shards[start:], *shards[:start]]

    def _read_budget(self) -> int:
        if self._transformer is None:
            return self._hints.size_bytes
        return self._transformer.settings.buffering.size_bytes * self._parallel

    def _transformed(self, records: Sequence[SourceRecord], pool: ThreadPoolExecutor) -> Outcomes:
        if self._transformer is None:
            rows = tuple(route(record, record.data, None, self._settings.routes) for record in records)
            return Outcomes(rows=rows, failures=())
        parts = list(pool.map(self._transformer.transform, self._transformer.chunks(records)))
        return Outcomes(
            rows=tuple(row for part in parts for row in part.rows),
            failures=tuple(failure for part in parts for failure in part.failures),
            dropped=sum(part.dropped for part in parts),
        )

    def _begin(self) -> tuple[Batch, Any]:
        """Write the buffer down as the batch that comes next."""
        buffer, destination, batch_id = self._buffer, self._make_destination(), uuid.uuid4()
        try:
            sealed = destination.seal(batch_id, buffer.parts)
        except PERMANENT_ERRORS:
            self._start_over()  # a table changed between two parts: the records are read and converted again
            raise
        batch = Batch(
            id=batch_id,
            after=buffer.after,
            upto=buffer.upto,
            counts=buffer.counts,
            targets=sealed.targets,
            error_objects=error_objects(
                self._settings.error_output, self.name, batch_id, buffer.failures, self._clock()
            ),
            # What becomes visible in one step needs no copy: it is there as a whole, or it is read anew.
            rows=destination.dump(sealed) if len(sealed.targets) > 1 else None,
        )
        self._ledger.begin(self.name, batch)
        return batch, sealed

    def _deliver(self, batch: Batch, sealed: Any) -> None:
        """The rest of a batch that is written down; each step may be done again."""
        self._put_error_objects(batch)
        try:
            self._make_destination().commit(batch, sealed)
        except TargetError as error:
            self._refused(batch, error)
            return
        self._crash_point("after-commit")
        self._finish(batch)

    def _put_error_objects(self, batch: Batch) -> None:
        for item in batch.error_objects:
            self._objects.put(item.bucket, item.key, item.body)
        self._crash_point("after-error-objects")

    def _finish(self, batch: Batch) -> None:
        self._ledger.finish(self.name, batch)
        self._crash_point("after-finish")
        self._start_over()
        with self._delivered:
            self._delivered.notify_all()

    def _start_over(self) -> None:
        self._open = None
        with self._reading:
            self._buffer = Buffer(after=self._ledger.positions(self.name))

    def _refused(self, batch: Batch, error: TargetError) -> None:
        """A table was dropped or changed after its rows were converted: its records are read anew.

        Where that cannot be, or did not help, they go to the error prefix and the stream goes on.
        """
        destination = self._make_destination()
        visible = [target for target in batch.targets if destination.has(batch, target)]
        if error.target in visible:
            raise error  # what failed came after the commit: the next try passes it over
        if visible or batch.after == self._undone:
            self._set_aside(batch, error)
            return
        log.warning("%s: %s; its records are read again", self.name, error)
        self._undone = batch.after
        self._undo(batch)

    def _set_aside(self, batch: Batch, error: TargetError) -> None:
        log.warning("%s: %s; its %s records become errors", self.name, error, len(error.failures))
        counts = {**batch.counts, "stored": batch.counts["stored"] - len(error.failures)}
        late_id = uuid.uuid5(batch.id, error.target)
        late = error_objects(self._settings.error_output, self.name, late_id, error.failures, self._clock())
        rest = replace(
            batch,
            counts=with_failures(counts, error.failures),
            targets=error.others.targets,
            error_objects=[*batch.error_objects, *late],
            rows=None if batch.rows is None else self._make_destination().dump(error.others),
        )
        self._ledger.replace(self.name, rest)
        self._open = rest, error.others
        self._deliver(*self._open)

    def _undo(self, batch: Batch) -> None:
        """Take back a batch of which no row is visible."""
        for item in batch.error_objects:
            self._objects.delete(item.bucket, item.key)
        self._ledger.abandon(self.name)
        self._start_over()

    def _recover(self) -> None:
        """Finish the batch that a crash interrupted, or undo it when none of its rows became visible."""
        batch = self._ledger.open_batch(self.name)
        if batch is None:
            return
        destination = self._make_destination()
        if batch.rows is not None:
            how = "finished from what was written down"
            self._deliver(batch, destination.load(batch.rows))
        elif all(destination.has(batch, target) for target in batch.targets):
            how = "found complete and finished"
            self._put_error_objects(batch)
            self._finish(batch)
        else:
            how = "not yet visible and is delivered anew"
            self._undo(batch)
        self.recovered = f"a batch of {batch.record_count} records was interrupted; it was {how}"
        log.warning("%s: %s (batch %s)", self.name, self.recovered, batch.id)
