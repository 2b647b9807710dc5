"""The objects in which Firehose keeps failed records: one JSON envelope a line, gzip or plain.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

GZIP_MAGIC = b"\x1f\x8b"
READERS = 16
FAILED_SUFFIX = "-failed"
HANDLED = ("replayed", "unrecoverable")
"""Folders into which the replay tool moves what it has dealt with."""
ROOTS = ("error/", *(f"{name}/" for name in HANDLED))


@dataclass(frozen=True)
class ErrorObject:
    """An object below an error prefix."""

    key: str
    last_modified: datetime

    @property
    def handled(self) -> str | None:
        """`replayed` or `unrecoverable`, once the replay tool has dealt with it."""
        parts = self.key.split("/")[:-1]
        return next((name for name in HANDLED if name in parts), None)


def list_error_objects(s3: Any, bucket: str, roots: Sequence[str] = ROOTS) -> Iterator[ErrorObject]:
    """Every object that holds failed records; other objects below the roots are left out."""
    pages = s3.get_paginator("list_objects_v2")
    for root in dict.fromkeys(roots):
        for page in pages.paginate(Bucket=bucket, Prefix=root):
            for item in page.get("Contents", ()):
                found = ErrorObject(item["Key"], item["LastModified"])
                folders = found.key.split("/")[:-1]
                if found.handled is not None or any(name.endswith(FAILED_SUFFIX) for name in folders):
                    yield found


def read_lines(s3: Any, bucket: str, key: str) -> list[bytes]:
    data: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return unpack(data).splitlines()


def unpack(data: bytes) -> bytes:
    return gzip.decompress(data) if data.startswith(GZIP_MAGIC) else data


def read_all(
    s3: Any, bucket: str, objects: Iterable[ErrorObject]
) -> Iterator[tuple[ErrorObject, list[bytes]]]:
    """Each object with its lines; several are read at once."""
    with ThreadPoolExecutor(READERS) as pool:
        wanted = list(objects)
        lines = pool.map(lambda item: read_lines(s3, bucket, item.key), wanted)
        yield from zip(wanted, lines, strict=True)
