"""The person's failed records: the lines stay as envelopes without content, so that accounts still close."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from src.utils.aws.error_objects import GZIP_MAGIC, list_error_objects, read_all, read_lines

from .person import Person


@dataclass(frozen=True)
class Finding:
    """An error object that speaks of the person."""

    key: str
    lines: int


@dataclass(frozen=True)
class ErrorLines:
    """The error objects of a bucket."""

    s3: Any
    bucket: str
    roots: Sequence[str]
    person: Person

    def find(self) -> list[Finding]:
        objects = list_error_objects(self.s3, self.bucket, self.roots)
        counted = (
            (item.key, sum(self._is_theirs(line) for line in lines))
            for item, lines in read_all(self.s3, self.bucket, objects)
        )
        return [Finding(key, count) for key, count in counted if count]

    def erase(self, findings: Sequence[Finding], now: datetime) -> None:
        for finding in findings:
            self._rewrite(finding.key, now)
        self._remove_old_versions([finding.key for finding in findings])

    def _rewrite(self, key: str, now: datetime) -> None:
        lines = read_lines(self.s3, self.bucket, key)
        emptied = (self._emptied(line, now) if self._is_theirs(line) else line for line in lines)
        body = b"".join(line + b"\n" for line in emptied if line)
        head = self.s3.get_object(Bucket=self.bucket, Key=key, Range="bytes=0-1")["Body"].read()
        packed = gzip.compress(body, mtime=0) if head == GZIP_MAGIC else body
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=packed)

    def _is_theirs(self, line: bytes) -> bool:
        envelope = _envelope(line)
        if envelope is None:
            return self.person.mentioned_in_record(line)
        return self.person.mentioned_in_record(_raw_data(envelope)) or any(
            self.person.mentioned_in(str(value)) for name, value in envelope.items() if name != "rawData"
        )

    def _emptied(self, line: bytes, now: datetime) -> bytes:
        """The envelope without the record; nothing at all of a line that is no envelope."""
        envelope = _envelope(line)
        if envelope is None:
            return b""
        kept = {name: self._without_them(value) for name, value in envelope.items()}
        return json.dumps({**kept, "rawData": "", "erasedAt": now.isoformat()}).encode()

    def _without_them(self, value: Any) -> Any:
        if not self.person.mentioned_in(str(value)):
            return value
        return "" if isinstance(value, str) else None

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


def _raw_data(envelope: dict[str, Any]) -> bytes:
    data = envelope["rawData"]
    try:
        return b64decode(data, validate=True)
    except (Base64Error, ValueError, TypeError):
        return str(data).encode()
