"""The crawlers of a run: one crawl of each at a time, at its moments, stopped before the catalog changes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.crawler.crawlers import Crawlers
from local_runtime.crawler.memory import CrawlMemory, CrawlOutcome
from local_runtime.errors import AwsError
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.schedules.scheduler import Scheduler
from local_runtime.services.glue_crawlers import GlueCrawlers
from tests.unit.local_runtime.crawler.conftest import World, crawler_resource

NAME = "events-crawler"


class Gate:
    """Holds a crawl up where it asks for the lakehouse."""

    def __init__(self, lakehouse: Lakehouse) -> None:
        self._lakehouse = lakehouse
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self) -> Lakehouse:
        self.reached.set()
        assert self.open.wait(10)
        return self._lakehouse


def crawlers_of(world: World, tmp_path: Path, gate: Gate, **changes: Any) -> Crawlers:
    resources: tuple[Resource, ...] = (crawler_resource(**changes),)
    assembly = Assembly(Path("cdk.out"), "aws", "us-east-1", "123456789012", resources, {}, {})
    return Crawlers(assembly, tmp_path, gate)


@pytest.fixture
def gate(world: World) -> Gate:
    return Gate(world.lakehouse)


@pytest.fixture
def crawlers(world: World, tmp_path: Path, gate: Gate) -> Iterator[Crawlers]:
    made = crawlers_of(world, tmp_path, gate)
    yield made
    gate.open.set()
    made.close()


def test_a_crawler_under_way_is_not_started_again(crawlers: Crawlers, gate: Gate) -> None:
    glue = GlueCrawlers(crawlers).actions
    glue["StartCrawler"]({"Name": NAME})
    assert gate.reached.wait(10)
    assert glue["GetCrawler"]({"Name": NAME})["Crawler"]["State"] == "RUNNING"
    with pytest.raises(AwsError, match="has already started") as running:
        glue["StartCrawler"]({"Name": NAME})
    assert running.value.code == "CrawlerRunningException"
    gate.open.set()
    assert crawlers.run(NAME).status == "SUCCEEDED"
    assert [crawl.status for crawl in crawlers.get(NAME).crawls()] == ["SUCCEEDED", "SUCCEEDED"]


def test_a_crawler_that_is_stopped_makes_no_table(world: World, crawlers: Crawlers, gate: Gate) -> None:
    world.put("raw/firehose/2026/a", {"a": 1})
    glue = GlueCrawlers(crawlers).actions
    glue["StartCrawler"]({"Name": NAME})
    assert gate.reached.wait(10)
    glue["StopCrawler"]({"Name": NAME})
    with pytest.raises(AwsError, match="is stopping"):
        glue["StopCrawler"]({"Name": NAME})
    gate.open.set()
    assert crawlers.run(NAME).created == ("firehose",)
    assert [crawl.status for crawl in crawlers.get(NAME).crawls()] == ["SUCCEEDED", "CANCELLED"]
    last = glue["GetCrawler"]({"Name": NAME})["Crawler"]["LastCrawl"]
    assert last["Status"] == "SUCCEEDED"
    (measured,) = glue["GetCrawlerMetrics"]({})["CrawlerMetricsList"]
    assert (measured["TablesCreated"], measured["StillEstimating"]) == (1, False)


def test_a_crawl_that_fails_says_why_and_the_next_one_runs(world: World, tmp_path: Path, gate: Gate) -> None:
    gate.open.set()
    target = {"Targets": {"S3Targets": [{"Path": "s3://later/raw"}]}}
    crawlers = crawlers_of(world, tmp_path, gate, **target)
    failed = crawlers.run(NAME)
    assert (failed.status, "there is no bucket later" in failed.error) == ("FAILED", True)
    world.lakehouse.objects.create_bucket("later")
    assert crawlers.run(NAME).status == "SUCCEEDED"
    crawlers.close()


def test_a_crawl_whose_outcome_the_disk_does_not_take_is_in_the_log(
    crawlers: Crawlers, gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(memory: CrawlMemory, outcome: CrawlOutcome) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(CrawlMemory, "add", full)
    gate.open.set()
    crawlers.start(NAME)
    crawlers.close()
    assert "the outcome of a crawl could not be kept: database or disk is full" in caplog.text
    assert crawlers.by_name[NAME].state == "READY"


def test_crawls_begin_at_the_schedules_moments(world: World, tmp_path: Path, gate: Gate) -> None:
    crawlers = crawlers_of(world, tmp_path, gate, Schedule={"ScheduleExpression": "cron(0/10 * * * ? *)"})
    assert next(iter(crawlers.coming())).startswith(f"{NAME}, next at ")
    now = datetime(2026, 11, 21, 10, 1, tzinfo=UTC)
    scheduler = Scheduler(clock=lambda: now)
    crawlers.schedule(scheduler)
    scheduler.run_due()
    assert not gate.reached.is_set()
    now += timedelta(minutes=9)
    scheduler.run_due()
    assert gate.reached.wait(10)
    now += timedelta(minutes=10)
    scheduler.run_due()  # the crawl before has not ended: this moment is let go
    gate.open.set()
    crawlers.close()
    assert crawlers.get(NAME).state == "READY"
