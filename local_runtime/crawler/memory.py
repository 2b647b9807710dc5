"""What crawlers remember: the schema of each object that was read, and how their crawls ended."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from local_runtime.crawler.sample import Sample
from local_runtime.crawler.schema import from_json, to_json
from local_runtime.errors import LocalRuntimeError

_SCHEMA = """
create table if not exists file (
    crawler text not null, uri text not null, version text not null, sample text not null,
    primary key (crawler, uri)
) without rowid;
create table if not exists crawl (
    number integer primary key, crawler text not null, started real not null, ended real not null,
    outcome text not null
);
"""
_KEPT_CRAWLS = 100
"""For each crawler."""


@dataclass(frozen=True)
class CrawlOutcome:
    """How a crawl ended; times are seconds since 1970."""

    crawler: str
    started: float
    ended: float
    status: str
    """SUCCEEDED, FAILED or CANCELLED."""
    error: str = ""
    created: tuple[str, ...] = ()
    """Table names."""
    updated: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    """What was done, in sentences."""
    warnings: tuple[str, ...] = ()
    read_files: int = 0
    """Objects that were read; the others were known."""
    files: int = 0


@dataclass(frozen=True)
class Known:
    version: str
    sample: Sample


class CrawlMemory:
    """One SQLite file; losing it costs a full crawl and no table."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("pragma journal_mode=wal")
            self._db.execute("pragma synchronous=normal")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise LocalRuntimeError(f"{path}: the crawlers' memory cannot be opened: {error}") from error

    def files(self, crawler: str) -> dict[str, Known]:
        with self._lock:
            rows = self._db.execute("select uri, version, sample from file where crawler = ?", (crawler,))
            return {uri: Known(version, _read(sample)) for uri, version, sample in rows}

    def remember(self, crawler: str, found: Mapping[str, Known]) -> None:
        """Put these in place of what was known; what is gone is forgotten."""
        rows = [(crawler, uri, known.version, _write(known.sample)) for uri, known in found.items()]
        with self._lock, self._db:
            self._db.execute("begin immediate")
            self._db.execute("delete from file where crawler = ?", (crawler,))
            self._db.executemany("insert into file values (?, ?, ?, ?)", rows)

    def add(self, outcome: CrawlOutcome) -> None:
        row = (outcome.crawler, outcome.started, outcome.ended, json.dumps(asdict(outcome)))
        with self._lock:
            self._db.execute("insert into crawl (crawler, started, ended, outcome) values (?, ?, ?, ?)", row)
            self._db.execute(
                "delete from crawl where crawler = ? and number not in"
                " (select number from crawl where crawler = ? order by number desc limit ?)",
                (outcome.crawler, outcome.crawler, _KEPT_CRAWLS),
            )

    def crawls(self, crawler: str) -> list[CrawlOutcome]:
        """The newest first."""
        with self._lock:
            rows = self._db.execute(
                "select outcome from crawl where crawler = ? order by number desc", (crawler,)
            ).fetchall()
        return [_outcome(json.loads(text)) for (text,) in rows]

    def close(self) -> None:
        with self._lock:
            self._db.close()


def _outcome(values: dict[str, object]) -> CrawlOutcome:
    return CrawlOutcome(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})  # type: ignore[arg-type]


def _write(sample: Sample) -> str:
    return json.dumps([to_json(sample.schema), sample.records, sample.read_bytes, sample.unreadable])


def _read(text: str) -> Sample:
    schema, *numbers = json.loads(text)
    return Sample(from_json(schema), *numbers)
