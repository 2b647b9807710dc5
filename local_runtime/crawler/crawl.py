"""One crawl: list, read what is new, find the tables, bring the catalog up to them.

https://docs.aws.amazon.com/glue/latest/dg/crawler-running.html
"""

from __future__ import annotations

import gzip
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from local_runtime.crawler.catalog import CatalogWriter
from local_runtime.crawler.folders import CrawledFile, Folders, find_tables
from local_runtime.crawler.memory import CrawlMemory, Known
from local_runtime.crawler.sample import Sample, read_sample
from local_runtime.crawler.schema import NULL
from local_runtime.crawler.settings import CrawlerSettings, S3Target
from local_runtime.errors import LocalRuntimeError
from local_runtime.lakehouse.lakehouse import Lakehouse

log = logging.getLogger(__name__)

COMPRESSED = ".gz"


class CrawlCancelledError(Exception):
    """Somebody stopped the crawler."""


@dataclass
class Report:
    """What a crawl did; `changes` are sentences."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    read_files: int = 0
    files: int = 0

    def warn(self, sentence: str) -> None:
        log.warning("%s", sentence)
        self.warnings.append(sentence)


@dataclass(frozen=True)
class Listed:
    uri: str
    key: str
    folders: Folders
    size: int
    version: str


class Crawl:
    """Runs once; `is_cancelled` is asked before each object."""

    def __init__(
        self,
        settings: CrawlerSettings,
        lakehouse: Lakehouse,
        memory: CrawlMemory,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings = settings
        self._lakehouse = lakehouse
        self._memory = memory
        self._is_cancelled = is_cancelled
        self.report = Report()

    def run(self) -> Report:
        """Bring the catalog up to the objects.

        Raises:
            CrawlCancelledError: before the catalog was touched.
            LocalRuntimeError: more tables were found than TableThreshold allows.
        """
        settings = self._settings
        known = self._memory.files(settings.name)
        seen: dict[str, Known] = {}
        found = []
        for target in settings.targets:
            files = list(self._files(target, known, seen))
            tables = find_tables(files, target.folders, combine=settings.combine, level=settings.level)
            found += [(target.bucket, table) for table in tables]
        most = settings.most_tables
        if most is not None and len(found) > most:
            raise LocalRuntimeError(
                f"crawler {settings.name} found {len(found)} tables, its TableThreshold is {most}"
            )
        writer = CatalogWriter(settings, self._lakehouse, self.report)
        for bucket, table in found:
            writer.write(bucket, table)
        writer.remove_others()
        self._memory.remember(settings.name, seen)
        return self.report

    def _files(
        self, target: S3Target, known: dict[str, Known], seen: dict[str, Known]
    ) -> Iterator[CrawledFile]:
        """The objects of a target that are JSON, with what is known of them."""
        crawled_before = self._folders(target, known) if self._settings.new_folders_only else set()
        taken: dict[Folders, int] = defaultdict(int)
        for listed in self._listing(target):
            self.report.files += 1
            if self._is_cancelled():
                raise CrawlCancelledError
            before = known.get(listed.uri)
            if before is None or before.version != listed.version:
                if listed.folders in crawled_before:
                    if before is not None:
                        seen[listed.uri] = before
                    continue
                if target.sample_size is not None and taken[listed.folders] >= target.sample_size:
                    continue
                before = Known(listed.version, self._read(target.bucket, listed))
            taken[listed.folders] += 1
            seen[listed.uri] = before
            if before.sample.schema != NULL:
                yield _crawled(listed, before.sample)

    def _folders(self, target: S3Target, known: dict[str, Known]) -> set[Folders]:
        head = f"s3://{target.bucket}/"
        return {tuple(uri.removeprefix(head).split("/")[:-1]) for uri in known if uri.startswith(head)}

    def _listing(self, target: S3Target) -> Iterator[Listed]:
        """Objects below the include path; those that `_` or `.` begins are no data, nor are empty ones."""
        objects = self._lakehouse.objects
        if not objects.has_bucket(target.bucket):
            raise LocalRuntimeError(f"crawler {self._settings.name}: there is no bucket {target.bucket}")
        for key in objects.list(target.bucket, target.prefix):
            below = key.removeprefix(target.prefix)
            if below.rpartition("/")[2].startswith(("_", ".")):
                continue
            if any(pattern.fullmatch(below) for pattern in target.exclusions):
                continue
            try:
                status = objects.path(target.bucket, key).stat()
            except FileNotFoundError:  # deleted since it was listed
                continue
            if status.st_size:
                folders = tuple(key.split("/")[:-1])
                version = f"{status.st_mtime_ns}:{status.st_size}"
                yield Listed(f"s3://{target.bucket}/{key}", key, folders, status.st_size, version)

    def _read(self, bucket: str, listed: Listed) -> Sample:
        self.report.read_files += 1
        path = self._lakehouse.objects.path(bucket, listed.key)
        try:
            sample = read_sample(path, compressed=listed.key.endswith(COMPRESSED))
        except (OSError, EOFError, gzip.BadGzipFile) as error:
            self.report.warn(f"{listed.uri} cannot be read: {error}")
            return Sample(NULL, 0, 0)
        if sample.schema == NULL:
            self.report.warn(f"{listed.uri} holds no JSON objects: it is in no table")
        elif sample.unreadable:
            self.report.warn(f"{listed.uri} has {sample.unreadable} lines that are no JSON object")
        return sample


def _crawled(listed: Listed, sample: Sample) -> CrawledFile:
    compressed = listed.key.endswith(COMPRESSED)
    whole = sample.read_bytes if compressed else listed.size
    records = round(sample.records * whole / sample.read_bytes) if sample.read_bytes else sample.records
    return CrawledFile(listed.folders, sample.schema, listed.size, records, compressed)
