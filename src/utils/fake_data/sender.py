"""Sends records to the API with a few workers, retries what failed, and keeps the account exact."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .answers import Answer, all_failed, read_answer
from .display import TICK_SECONDS, Display
from .pacing import Pacer, backoff, pause
from .payloads import Record, RecordSource, record_body, records_body
from .settings import Settings
from .tally import Tally

if TYPE_CHECKING:
    from aiohttp import ClientSession

REQUEST_SECONDS = 30.0
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
        self._url = settings.put_url
        self._encode = record_body if settings.api_method == "record" else records_body
        self._pacer = Pacer(settings.rate)
        self._jitter = random.Random()  # noqa: S311  (spreads retries, no secret)
        self._closing = asyncio.Event()  # no new batches
        self._interrupted = asyncio.Event()  # and no more retries
        self._failed_in_a_row = 0
        self._workers: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Sends until the source is empty, the time is over, or a signal or a hopeless API ends it."""
        # 0.2 s of import that --help and --dry-run need not pay
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

        connector = TCPConnector(limit=self._settings.concurrency)
        timeout = ClientTimeout(total=REQUEST_SECONDS)
        headers = {"Content-Type": "application/json"}
        async with ClientSession(
            connector=connector, timeout=timeout, headers=headers, cookie_jar=DummyCookieJar()
        ) as http:
            # aiohttp resends a PUT by itself on a stale connection; such a resend would be in no account
            http._retry_connection = False
            with self._signals():
                await self._run_workers(http)

    async def _run_workers(self, http: "ClientSession") -> None:
        loop = asyncio.get_running_loop()
        if self._settings.duration is not None:
            loop.call_later(self._settings.duration, self._closing.set)
        self._workers = [loop.create_task(self._work(http)) for _ in range(self._settings.concurrency)]
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

    async def _work(self, http: "ClientSession") -> None:
        while not self._closing.is_set():
            batch = self._source.take(self._settings.batch_size)
            if not batch:
                return
            await pause(self._pacer.delay(len(batch)), self._closing)
            if not self._closing.is_set():
                await self._deliver(http, batch)

    async def _deliver(self, http: "ClientSession", batch: Sequence[Record]) -> None:
        self.tally.begin(batch)
        pending = batch
        reasons: Sequence[str] = [INTERRUPTED] * len(batch)
        try:
            for attempt in range(self._settings.max_retries + 1):
                if attempt:
                    self.tally.retried += len(pending)
                answer = await self._request(http, pending)
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

    async def _request(self, http: "ClientSession", records: Sequence[Record]) -> Answer:
        from aiohttp import ClientError

        began = time.perf_counter()
        try:
            async with http.put(self._url, data=self._encode(records)) as response:
                body = await response.read()
        except (ClientError, TimeoutError) as error:
            reason = _no_answer(error)
            self._display.failure(reason)
            return all_failed(len(records), reason, may_retry=True, reached=False)
        self.tally.answered(time.perf_counter() - began)
        self._display.answer(response.status, response.reason, body)
        return read_answer(response.status, body, len(records))


def _no_answer(error: Exception) -> str:
    from aiohttp import ClientConnectorError, ClientSSLError, ServerDisconnectedError

    match error:
        case ClientSSLError():
            return f"no secure connection ({error})"
        case ClientConnectorError():
            return f"cannot connect to {error.host}:{error.port} ({_system_error(error.os_error)})"
        case ServerDisconnectedError():
            return "the connection was closed before the answer"
        case TimeoutError():
            return f"no answer within {REQUEST_SECONDS:.0f} s"
    return f"no answer ({type(error).__name__}: {error})"


def _system_error(error: OSError) -> str:
    # asyncio writes its own words over the system's; a name that does not resolve has a number below zero
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return str(error.strerror)
