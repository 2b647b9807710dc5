"""A crawler over a bucket of a real lakehouse."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly.model import Resource
from local_runtime.athena.engine import Athena
from local_runtime.crawler.crawl import Crawl, Report
from local_runtime.crawler.memory import CrawlMemory
from local_runtime.crawler.settings import CrawlerSettings
from local_runtime.lakehouse.external_tables import ExternalTable
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.lakehouse.object_store import ObjectStore

BUCKET, DATABASE = "events", "serverless-app-analytics-database"


def crawler_resource(**changes: Any) -> Resource:
    properties = {
        "Name": "events-crawler",
        "Role": "arn:aws:iam::123456789012:role/Crawler",
        "DatabaseName": DATABASE,
        "Targets": {"S3Targets": [{"Path": f"s3://{BUCKET}/raw/firehose/"}]},
        **changes,
    }
    return Resource("Stack", "Crawler", "AWS::Glue::Crawler", properties, "events-crawler", {})


class World:
    """Objects are put, the crawler runs, Athena asks."""

    def __init__(self, state: Path) -> None:
        self.lakehouse = Lakehouse(state, ObjectStore(state / "s3"))
        self.lakehouse.objects.create_bucket(BUCKET)
        self.memory = CrawlMemory(state / "crawlers.db")
        self.athena = Athena(self.lakehouse)

    def put(self, key: str, *documents: Any) -> None:
        data = "".join(json.dumps(document) + "\n" for document in documents).encode()
        self.lakehouse.objects.put(BUCKET, key, gzip.compress(data) if key.endswith(".gz") else data)

    def delete(self, key: str) -> None:
        self.lakehouse.objects.delete(BUCKET, key)

    def crawl(self, **changes: Any) -> Report:
        settings = CrawlerSettings.from_resource(crawler_resource(**changes))
        return Crawl(settings, self.lakehouse, self.memory).run()

    def table(self, name: str = "firehose") -> ExternalTable:
        table = self.lakehouse.external.get(DATABASE, name)
        assert table is not None
        return table

    def columns(self, name: str = "firehose") -> dict[str, str]:
        return {column.name: column.type for column in self.table(name).columns}

    def tables(self) -> list[str]:
        return self.lakehouse.tables(DATABASE)

    def sql(self, statement: str) -> list[Any]:
        return list(self.athena.execute(statement, DATABASE).rows)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.memory.close()
    made.lakehouse.close()
