"""The steps of an erasure, and the account of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from src.utils.aws.erasures import write_erasure

from .error_lines import ErrorLines, Finding
from .table import PersonTable


@dataclass(frozen=True)
class Found:
    """Where the person is."""

    rows: int
    rows_by_minute: dict[int, int]
    error_objects: Sequence[Finding]

    @property
    def error_lines(self) -> int:
        return sum(finding.lines for finding in self.error_objects)

    @property
    def mentions(self) -> int:
        return sum(finding.mentions for finding in self.error_objects)


@dataclass(frozen=True)
class Outcome:
    """What was done, and what is left."""

    found: Found
    rows_left: int
    error_lines_left: int
    mentions: int
    """Failed records that may speak of the person, and were left as they are."""
    files_gone: bool
    """Whether the old snapshots and files have been removed already."""
    files_until: datetime
    """From then on another run removes them."""
    stream_until: datetime
    retention_hours: int

    @property
    def is_complete(self) -> bool:
        return not self.rows_left and not self.error_lines_left


@dataclass(frozen=True)
class Erasure:
    """One person, in one table, one error prefix and one stream."""

    table: PersonTable
    errors: ErrorLines
    kinesis: Any
    stream: str
    expire_after: int
    """Seconds for which the table's snapshots and unknown files are left alone."""
    sleep: Callable[[float], None] = time.sleep

    def find(self) -> Found:
        rows = self.table.count()
        by_minute = self.table.rows_by_minute() if rows else {}
        return Found(rows, by_minute, self.errors.find())

    def erase(self, found: Found, *, wait: bool, tell: Callable[[str], None]) -> Outcome:
        if found.rows:
            tell(f"deleting {found.rows:,} rows of {self.table.name}")
            self.table.delete()
            write_erasure(
                self.errors.s3, self.errors.bucket, self.table.name, found.rows_by_minute, datetime.now(UTC)
            )
            tell("rewriting the files that held them")
            self.table.rewrite()
        if found.error_lines:
            objects = sum(finding.lines > 0 for finding in found.error_objects)
            tell(f"emptying {found.error_lines:,} lines of {objects:,} error objects")
            self.errors.erase(found.error_objects, datetime.now(UTC))
        rewritten = datetime.now(UTC)
        if wait and found.rows:
            tell(f"waiting {self.expire_after:,} seconds until the old snapshots may go")
            self.sleep(self.expire_after + 1)
        tell(f"removing snapshots and files older than {self.expire_after:,} seconds")
        self.table.expire(self.expire_after)
        return self._outcome(found, rewritten, files_gone=wait or not found.rows)

    def _outcome(self, found: Found, rewritten: datetime, *, files_gone: bool) -> Outcome:
        left = self.find()
        summary = self.kinesis.describe_stream_summary(StreamName=self.stream)
        hours = int(summary["StreamDescriptionSummary"]["RetentionPeriodHours"])
        return Outcome(
            found=found,
            rows_left=left.rows,
            error_lines_left=left.error_lines,
            mentions=left.mentions,
            files_gone=files_gone,
            files_until=rewritten + timedelta(seconds=self.expire_after),
            stream_until=datetime.now(UTC) + timedelta(hours=hours),
            retention_hours=hours,
        )
