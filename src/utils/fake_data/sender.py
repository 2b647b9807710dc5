"""Sends records with a few workers, retries what failed, and keeps the account exact."""

import asyncio
import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .answers import Answer
from .display import TICK_SECONDS, Display
from .pacing import Pacer, backoff, pause
from .payloads import Record, RecordSource
from .settings import Settings
from .tally import Tally
from .targets import choose_target

DRAIN_SECONDS = 5.0
FAILED_BATCHES_IN_A_ROW = 10
INTERRUPTED = "interrupted before an answer"


class Sender:
    """One run. A batch that has begun ends in the tally as accepted or rejected, also when it is cut off."""

    def __init__(self, settings: Settings, source: RecordSource, display: Display) -> None:
        self.tally = Tally()
        self.interrupted_by: signal.Signals | None = None
        self._settings = settings
        self._source = source
        self._display = display
        self._target = choose_target(settings, display)
        self._pacer = Pacer(settings.rate)
        self._jitter = random.Random()  # noqa: S311  (spreads retries, no secret)
        self._closing = asyncio.Event()  # no new batches
        self._interrupted = asyncio.Event()  # and no more retries
        self._failed_in_a_row = 0
        self._workers: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Sends until the source is empty, the time is over, or a signal or a hopeless target ends it."""
        async with self._target:
            with self._signals():
                await self._run_workers()

    async def _run_workers(self) -> None:
        loop = asyncio.get_running_loop()
        if self._settings.duration is not None:
            loop.call_later(self._settings.duration, self._closing.set)
        self._workers = [loop.create_task(self._work()) for _ in range(self._settings.concurrency)]
        ticker = loop.create_task(self._tick())
        results = await asyncio.gather(*self._workers, return_exceptions=True)
        ticker.cancel()
        self.tally.ended = time.perf_counter()
        self._display.close(self.tally)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result

    async def _tick(self) -> None:
        while True:
            self._display.tick(self.tally)
            await asyncio.sleep(TICK_SECONDS)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        handled = (signal.SIGINT, signal.SIGTERM)
        for number in handled:
            loop.add_signal_handler(number, self._interrupt, number)
        try:
            yield
        finally:
            for number in handled:
                loop.remove_signal_handler(number)

    def _interrupt(self, number: signal.Signals) -> None:
        """The first signal lets the requests under way finish, for some seconds; the second cuts them off."""
        again = self.interrupted_by is not None
        self.interrupted_by = number
        self._closing.set()
        self._interrupted.set()
        asyncio.get_running_loop().call_later(0 if again else DRAIN_SECONDS, self._cancel_workers)

    def _cancel_workers(self) -> None:
        for worker in self._workers:
            worker.cancel()

    async def _work(self) -> None:
        while not self._closing.is_set():
            batch = self._source.take(self._settings.batch_size)
            if not batch:
                return
            await pause(self._pacer.delay(len(batch)), self._closing)
            if not self._closing.is_set():
                await self._deliver(batch)

    async def _deliver(self, batch: Sequence[Record]) -> None:
        self.tally.begin(batch)
        pending = batch
        reasons: Sequence[str] = [INTERRUPTED] * len(batch)
        try:
            for attempt in range(self._settings.max_retries + 1):
                if attempt:
                    self.tally.retried += len(pending)
                answer = await self._request(pending)
                pending, reasons = self._settle(pending, answer), answer.reasons
                if not pending or not answer.may_retry or attempt == self._settings.max_retries:
                    break
                await pause(backoff(attempt, self._jitter), self._interrupted)
                if self._interrupted.is_set():
                    break
        finally:
            # also when this task is cancelled: what has no answer yet is not accepted
            self.tally.reject(pending, reasons)
        self._judge(batch, pending, answer)

    def _settle(self, pending: Sequence[Record], answer: Answer) -> list[Record]:
        failed = set(answer.failed)
        self.tally.accept([record for index, record in enumerate(pending) if index not in failed])
        return [pending[index] for index in answer.failed]

    def _judge(self, batch: Sequence[Record], rejected: Sequence[Record], answer: Answer) -> None:
        """Ends a run that cannot succeed, rather than let it repeat one failure to its end."""
        nothing_passed = len(rejected) == len(batch)
        self._failed_in_a_row = self._failed_in_a_row + 1 if nothing_passed else 0
        if not rejected or self._interrupted.is_set():
            return
        if self._settings.plain or not answer.reached:
            self._stop_early(answer.reasons[0])
        elif self._failed_in_a_row >= FAILED_BATCHES_IN_A_ROW:
            self._stop_early(f"{FAILED_BATCHES_IN_A_ROW} batches in a row failed, now: {answer.reasons[0]}")

    def _stop_early(self, why: str) -> None:
        self.tally.stopped_early = why
        self._closing.set()

    async def _request(self, records: Sequence[Record]) -> Answer:
        began = time.perf_counter()
        answer = await self._target.put(records)
        if answer.reached:
            self.tally.answered(time.perf_counter() - began)
        return answer
