"""The person's failed records: the lines stay as envelopes without content, so that accounts still close."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from src.utils.aws.error_objects import GZIP_MAGIC, list_error_objects, read_all, read_lines

from .person import Match, Person

MESSAGE = "errorMessage"


@dataclass(frozen=True)
class Finding:
    """An error object that speaks of the person."""

    key: str
    lines: int
    """Theirs: these are erased."""
    mentions: int = 0
    """Lines in which the id may stand for something else, or in somebody else's record: these are not."""


@dataclass(frozen=True)
class ErrorLines:
    """The error objects of a bucket."""

    s3: Any
    bucket: str
    roots: Sequence[str]
    person: Person
    also_mentions: bool = False
    """Whether a possible mention counts as theirs."""

    def find(self) -> list[Finding]:
        objects = list_error_objects(self.s3, self.bucket, self.roots)
        counted = (
            (item.key, Counter(self._match(line) for line in lines))
            for item, lines in read_all(self.s3, self.bucket, objects)
        )
        findings = (Finding(key, found[Match.THEIRS], found[Match.POSSIBLE]) for key, found in counted)
        return [finding for finding in findings if finding.lines or finding.mentions]

    def erase(self, findings: Sequence[Finding], now: datetime) -> None:
        theirs = [finding.key for finding in findings if finding.lines]
        for key in theirs:
            self._rewrite(key, now)
        self._remove_old_versions(theirs)

    def _rewrite(self, key: str, now: datetime) -> None:
        lines = read_lines(self.s3, self.bucket, key)
        emptied = (self._emptied(line, now) if self._match(line) is Match.THEIRS else line for line in lines)
        body = b"".join(line + b"\n" for line in emptied if line)
        head = self.s3.get_object(Bucket=self.bucket, Key=key, Range="bytes=0-1")["Body"].read()
        packed = gzip.compress(body, mtime=0) if head == GZIP_MAGIC else body
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=packed)

    def _match(self, line: bytes) -> Match:
        found = self._match_line(line)
        return Match.THEIRS if found is Match.POSSIBLE and self.also_mentions else found

    def _match_line(self, line: bytes) -> Match:
        """By the record and Firehose's message about it; the other members are Firehose's own."""
        envelope = _envelope(line)
        if envelope is None:
            return self.person.match_record(line)
        return self.person.match_record(_raw_data(envelope), _message(envelope))

    def _emptied(self, line: bytes, now: datetime) -> bytes:
        """The envelope without the record; nothing at all of a line that is no envelope."""
        envelope = _envelope(line)
        if envelope is None:
            return b""
        message = {MESSAGE: ""} if self.person.mentioned_in(_message(envelope)) else {}
        return json.dumps({**envelope, **message, "rawData": "", "erasedAt": now.isoformat()}).encode()

    def _remove_old_versions(self, keys: Sequence[str]) -> None:
        """In a bucket with versions, what was overwritten is still there."""
        if "Status" not in self.s3.get_bucket_versioning(Bucket=self.bucket):
            return
        for key in keys:
            for version_id in self._old_versions(key):
                self.s3.delete_object(Bucket=self.bucket, Key=key, VersionId=version_id)

    def _old_versions(self, key: str) -> Iterator[str]:
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=key)
        for page in pages:
            for item in page.get("Versions", ()):
                if item["Key"] == key and not item["IsLatest"]:
                    yield item["VersionId"]


def _envelope(line: bytes) -> dict[str, Any] | None:
    try:
        envelope = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return envelope if isinstance(envelope, dict) and "rawData" in envelope else None


def _message(envelope: dict[str, Any]) -> str:
    return str(envelope.get(MESSAGE, ""))


def _raw_data(envelope: dict[str, Any]) -> bytes:
    data = envelope["rawData"]
    try:
        return b64decode(data, validate=True)
    except (Base64Error, ValueError, TypeError):
        return str(data).encode()
