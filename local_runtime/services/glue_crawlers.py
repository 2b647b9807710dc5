"""The crawler actions of the Glue API. Crawlers are made by templates.

https://docs.aws.amazon.com/glue/latest/webapi/API_StartCrawler.html
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from local_runtime.crawler.crawlers import READY, SUCCEEDED, Crawler, Crawlers
from local_runtime.crawler.memory import CrawlOutcome
from local_runtime.errors import AwsError
from local_runtime.services.paging import page

Request = dict[str, Any]
Response = dict[str, Any]

INVALID = "InvalidInputException"
LOG_GROUP = "/aws-glue/crawlers"


class GlueCrawlers:
    """Answers by action."""

    def __init__(self, crawlers: Crawlers) -> None:
        self._crawlers = crawlers
        self.actions: dict[str, Callable[[Request], Response]] = {
            "StartCrawler": self._start,
            "StopCrawler": self._stop,
            "GetCrawler": lambda request: {"Crawler": _described(self._named(request))},
            "GetCrawlers": self._get_crawlers,
            "BatchGetCrawlers": self._batch_get,
            "ListCrawlers": self._list,
            "ListCrawls": self._list_crawls,
            "GetCrawlerMetrics": self._metrics,
        }

    def _named(self, request: Request, member: str = "Name") -> Crawler:
        name = request.get(member)
        if not isinstance(name, str) or not name:
            raise AwsError("ValidationException", f"{member} must be a non-empty string (got {name!r})")
        return self._crawlers.get(name)

    def _start(self, request: Request) -> Response:
        self._crawlers.start(self._named(request).settings.name)
        return {}

    def _stop(self, request: Request) -> Response:
        self._named(request).stop()
        return {}

    def _all(self) -> Sequence[Crawler]:
        return [crawler for _, crawler in sorted(self._crawlers.by_name.items())]

    def _get_crawlers(self, request: Request) -> Response:
        shown, more = page(self._all(), request, most=1000, error_code=INVALID)
        return {"Crawlers": [_described(crawler) for crawler in shown], **more}

    def _batch_get(self, request: Request) -> Response:
        names = _names(request.get("CrawlerNames"))
        known = self._crawlers.by_name
        return {
            "Crawlers": [_described(known[name]) for name in names if name in known],
            "CrawlersNotFound": [name for name in names if name not in known],
        }

    def _list(self, request: Request) -> Response:
        names = [crawler.settings.name for crawler in self._all()]
        shown, more = page(names, request, most=1000, error_code=INVALID)
        return {"CrawlerNames": list(shown), **more}

    def _list_crawls(self, request: Request) -> Response:
        crawls = self._named(request, "CrawlerName").crawls()
        shown, more = page(crawls, request, most=1000, error_code=INVALID)
        return {"Crawls": [_history(crawl) for crawl in shown], **more}

    def _metrics(self, request: Request) -> Response:
        wanted = _names(request.get("CrawlerNameList", []))
        crawlers = [self._crawlers.get(name) for name in wanted] or self._all()
        shown, more = page(crawlers, request, most=1000, error_code=INVALID)
        return {"CrawlerMetricsList": [_measured(crawler) for crawler in shown], **more}


def _names(given: Any) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise AwsError("ValidationException", f"a list of crawler names is needed (got {given!r})")
    return given


def _described(crawler: Crawler) -> dict[str, Any]:
    """The `Crawler` of GetCrawler."""
    given, crawls, started = crawler.settings.properties, crawler.crawls(), crawler.started
    schedule = given.get("Schedule", {}).get("ScheduleExpression")
    elapsed = 0 if started is None else round((time.time() - started) * 1000)
    described = {
        "Name": crawler.settings.name,
        "Role": given.get("Role", ""),
        "Targets": given.get("Targets", {}),
        "DatabaseName": crawler.settings.database,
        "Description": given.get("Description", ""),
        "Classifiers": [],
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING", **given.get("RecrawlPolicy", {})},
        "SchemaChangePolicy": {
            "UpdateBehavior": crawler.settings.on_change,
            "DeleteBehavior": crawler.settings.on_removal,
        },
        "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
        "State": crawler.state,
        "TablePrefix": crawler.settings.table_prefix,
        "CrawlElapsedTime": elapsed,
        "Version": 1,
    }
    if schedule:
        described["Schedule"] = {"ScheduleExpression": schedule, "State": "SCHEDULED"}
    if given.get("Configuration"):
        described["Configuration"] = given["Configuration"]
    return {**described, "LastCrawl": _last(crawls[0])} if crawls else described


def _last(crawl: CrawlOutcome) -> dict[str, Any]:
    last = {
        "Status": crawl.status,
        "LogGroup": LOG_GROUP,
        "LogStream": crawl.crawler,
        "MessagePrefix": crawl.crawler,
        "StartTime": crawl.started,
    }
    return {**last, "ErrorMessage": crawl.error} if crawl.error else last


def _history(crawl: CrawlOutcome) -> dict[str, Any]:
    states = {SUCCEEDED: "COMPLETED", "CANCELLED": "STOPPED"}
    return {
        "CrawlId": f"{crawl.crawler}-{crawl.started:.6f}",
        "State": states.get(crawl.status, crawl.status),
        "StartTime": crawl.started,
        "EndTime": crawl.ended,
        "Summary": "; ".join(crawl.changes),
        **({"ErrorMessage": crawl.error} if crawl.error else {}),
    }


def _measured(crawler: Crawler) -> dict[str, Any]:
    ended = [crawl for crawl in crawler.crawls() if crawl.status == SUCCEEDED]
    seconds = [crawl.ended - crawl.started for crawl in ended]
    last = ended[:1]
    return {
        "CrawlerName": crawler.settings.name,
        "TimeLeftSeconds": 0.0,
        "StillEstimating": crawler.state != READY,
        "LastRuntimeSeconds": seconds[0] if seconds else 0.0,
        "MedianRuntimeSeconds": statistics.median(seconds) if seconds else 0.0,
        "TablesCreated": sum(len(crawl.created) for crawl in last),
        "TablesUpdated": sum(len(crawl.updated) for crawl in last),
        "TablesDeleted": sum(len(crawl.deleted) for crawl in last),
    }
