"""The bucket with the failed records, as the replay needs it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from src.utils.aws.error_objects import GZIP_MAGIC, unpack


class ChangedError(Exception):
    """A conditional write found another object than it expected."""


class Bucket(Protocol):
    """Objects by key; a write is there, whole, when the call returns."""

    def keys(self, prefix: str) -> Iterator[str]: ...
    def get(self, key: str) -> bytes | None: ...
    def put(self, key: str, data: bytes) -> None: ...
    def put_if(self, key: str, data: bytes, expected: bytes | None) -> None:
        """Write where the object still is what it was (None: where there is none).

        Raises:
            ChangedError: it is not.
        """
        ...

    def delete(self, key: str) -> None: ...


@dataclass(frozen=True)
class S3Bucket:
    """A `Bucket` of S3."""

    s3: Any
    name: str

    def keys(self, prefix: str) -> Iterator[str]:
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix):
            for item in page.get("Contents", ()):
                yield item["Key"]

    def get(self, key: str) -> bytes | None:
        found = self._get(key)
        return None if found is None else found[0]

    def _get(self, key: str) -> tuple[bytes, str] | None:
        try:
            answer = self.s3.get_object(Bucket=self.name, Key=key)
        except self.s3.exceptions.NoSuchKey:
            return None
        return answer["Body"].read(), answer["ETag"]

    def put(self, key: str, data: bytes) -> None:
        self.s3.put_object(Bucket=self.name, Key=key, Body=data)

    def put_if(self, key: str, data: bytes, expected: bytes | None) -> None:
        condition = {"IfNoneMatch": "*"}
        if expected is not None:
            found = self._get(key)
            if found is None or found[0] != expected:
                raise ChangedError(key)
            condition = {"IfMatch": found[1]}
        try:
            self.s3.put_object(Bucket=self.name, Key=key, Body=data, **condition)
        except self.s3.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 409, 412):
                raise ChangedError(key) from error
            raise

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.name, Key=key)


def lines_of(data: bytes) -> list[bytes]:
    return unpack(data).splitlines()


def packed_like(original: bytes, lines: list[bytes]) -> bytes:
    """The lines as an object, compressed if the original was."""
    body = b"".join(line + b"\n" for line in lines)
    return gzip.compress(body, mtime=0) if original.startswith(GZIP_MAGIC) else body
