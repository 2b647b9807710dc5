"""The crawlers of a run: started by their schedule, the Glue API or by hand, one crawl of each at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from local_runtime.assembly.model import Assembly
from local_runtime.crawler.memory import CrawlMemory, CrawlOutcome
from local_runtime.crawler.settings import CRAWLER_TYPE, CrawlerSettings
from local_runtime.errors import AwsError
from local_runtime.schedules.scheduler import Scheduler

if TYPE_CHECKING:
    from local_runtime.lakehouse.lakehouse import Lakehouse

log = logging.getLogger(__name__)

READY, RUNNING, STOPPING = "READY", "RUNNING", "STOPPING"
SUCCEEDED, FAILED, CANCELLED = "SUCCEEDED", "FAILED", "CANCELLED"
PARALLEL_CRAWLS = 2


class Crawler:
    """One AWS::Glue::Crawler and what it is doing."""

    def __init__(
        self, settings: CrawlerSettings, lakehouse: Callable[[], Lakehouse], memory: CrawlMemory
    ) -> None:
        self.settings = settings
        self.started: float | None = None
        """Seconds since 1970, while a crawl is under way."""
        self._lakehouse = lakehouse
        self._memory = memory
        self._state = READY
        self._changed = threading.Condition()

    @property
    def state(self) -> str:
        return self._state

    def crawls(self) -> list[CrawlOutcome]:
        """How it went, the newest first."""
        return self._memory.crawls(self.settings.name)

    def begin(self) -> None:
        """Take the crawler.

        Raises:
            AwsError: CrawlerRunningException, it is under way.
        """
        with self._changed:
            if self._state != READY:
                message = f"Crawler with name {self.settings.name} has already started"
                raise AwsError("CrawlerRunningException", message)
            self._take()

    def begin_when_free(self) -> None:
        """Take the crawler as soon as the crawl under way is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._state == READY)
            self._take()

    def _take(self) -> None:
        self._state, self.started = RUNNING, time.time()

    def stop(self) -> None:
        """End the crawl before it changes the catalog; one that already does ends by itself.

        Raises:
            AwsError: nothing is under way, or it is stopped already.
        """
        with self._changed:
            if self._state == READY:
                message = f"Crawler with name {self.settings.name} isn't running"
                raise AwsError("CrawlerNotRunningException", message)
            if self._state == STOPPING:
                message = f"Crawler with name {self.settings.name} is stopping"
                raise AwsError("CrawlerStoppingException", message)
            self._state = STOPPING

    def crawl(self) -> CrawlOutcome:
        """Crawl; who calls has taken the crawler, which is free again afterwards."""
        assert self.started is not None
        try:
            outcome = self._run(self.started)
            self._memory.add(outcome)
        finally:
            with self._changed:
                self._state, self.started = READY, None
                self._changed.notify_all()
        log.info("crawler %s: %s %s", self.settings.name, outcome.status, "; ".join(outcome.changes))
        return outcome

    def _run(self, started: float) -> CrawlOutcome:
        from local_runtime.crawler.crawl import Crawl, CrawlCancelledError

        crawl, status, error = None, SUCCEEDED, ""
        try:
            crawl = Crawl(self.settings, self._lakehouse(), self._memory, lambda: self._state == STOPPING)
            crawl.run()
        except CrawlCancelledError:
            status = CANCELLED
        except Exception as failure:
            log.exception("crawler %s failed: %s", self.settings.name, failure)
            status, error = FAILED, str(failure)
        done: Mapping[str, object] = {} if crawl is None else vars(crawl.report)
        lists = {key: tuple(value) if isinstance(value, list) else value for key, value in done.items()}
        return CrawlOutcome(
            self.settings.name,
            started,
            time.time(),
            status,
            error,
            **lists,  # type: ignore[arg-type]
        )


class Crawlers:
    """All crawlers of an assembly, by name."""

    def __init__(self, assembly: Assembly, state: Path, lakehouse: Callable[[], Lakehouse]) -> None:
        resources = list(assembly.of_type(CRAWLER_TYPE))
        self._memory = CrawlMemory(state / "crawlers.db") if resources else None
        self.by_name: dict[str, Crawler] = {}
        for resource in resources:
            assert self._memory is not None
            settings = CrawlerSettings.from_resource(resource)
            self.by_name[settings.name] = Crawler(settings, lakehouse, self._memory)
        self._pool = ThreadPoolExecutor(PARALLEL_CRAWLS, thread_name_prefix="crawler")

    def schedule(self, scheduler: Scheduler) -> None:
        """Crawl at each crawler's moments; one that is under way then is left alone."""
        for name, crawler in self.by_name.items():
            if crawler.settings.schedule is not None:
                scheduler.add(f"crawler {name}", crawler.settings.schedule, self._when_due(name))

    def coming(self) -> Iterator[str]:
        """Each crawler with its next moment."""
        for name, crawler in self.by_name.items():
            schedule = crawler.settings.schedule
            moment = None if schedule is None else schedule.next_after(datetime.now(UTC))
            yield f"{name}, {f'next at {moment:%Y-%m-%d %H:%M} UTC' if moment else 'when it is started'}"

    def _when_due(self, name: str) -> Callable[[datetime], None]:
        def start(moment: datetime) -> None:
            try:
                self.start(name)
            except AwsError:
                log.info("crawler %s: the crawl before has not ended at %s", name, moment)

        return start

    def get(self, name: str) -> Crawler:
        """One crawler.

        Raises:
            AwsError: EntityNotFoundException.
        """
        crawler = self.by_name.get(name)
        if crawler is None:
            raise AwsError("EntityNotFoundException", f"Crawler with name {name} does not exist")
        return crawler

    def start(self, name: str) -> None:
        """Begin a crawl and return; see `get` and `Crawler.begin` for the errors."""
        crawler = self.get(name)
        crawler.begin()
        self._pool.submit(crawler.crawl).add_done_callback(_log_failure)

    def run(self, name: str) -> CrawlOutcome:
        """Crawl now and wait for the end; a crawl under way is waited for first."""
        crawler = self.get(name)
        crawler.begin_when_free()
        return crawler.crawl()

    def close(self) -> None:
        """Stop what is under way; returns when it is over."""
        for crawler in self.by_name.values():
            try:
                crawler.stop()
            except AwsError:
                continue
        self._pool.shutdown(wait=True)
        if self._memory is not None:
            self._memory.close()


def _log_failure(crawl: Future[CrawlOutcome]) -> None:
    """Nobody waits for a crawl that was begun by its schedule: how it went could not be written down."""
    error = crawl.exception()
    if error is not None:
        log.error("the outcome of a crawl could not be kept: %s", error, exc_info=error)
