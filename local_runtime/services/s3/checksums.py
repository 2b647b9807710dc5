"""The digests that travel with an upload, in headers or in the trailer.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
CRC32C and CRC64NVME have no implementation in Python's standard library: they are kept and handed back,
but only a client that reads the object checks them.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Protocol

from local_runtime.errors import AwsError

PREFIX = "x-amz-checksum-"


class Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


VERIFIED: Mapping[str, Callable[[], Digest]] = {
    "x-amz-checksum-crc32": _Crc32,
    "x-amz-checksum-sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "x-amz-checksum-sha256": hashlib.sha256,
}
KEPT = frozenset({*VERIFIED, "x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme"})


class Checks:
    """Digests an upload while it passes, and compares at the end.

    Args:
        headers: the request's; `x-amz-trailer` names what comes after the body.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        trailers = [name.strip().lower() for name in headers.get("x-amz-trailer", "").split(",")]
        self._names = [name for name in KEPT if name in headers or name in trailers]
        self._digests = {name: VERIFIED[name]() for name in self._names if name in VERIFIED}
        self._headers = headers
        self.md5 = hashlib.md5(usedforsecurity=False)

    def update(self, data: bytes) -> None:
        self.md5.update(data)
        for digest in self._digests.values():
            digest.update(data)

    def finish(self, trailers: Mapping[str, str]) -> dict[str, str]:
        """The checksums to keep with the object.

        Raises:
            AwsError: BadDigest, when one of them does not fit the bytes.
        """
        expected = self._headers.get("content-md5")
        if expected is not None and expected != b64encode(self.md5.digest()).decode():
            raise _bad_digest("Content-MD5", expected)
        given = {name: trailers.get(name, self._headers.get(name)) for name in self._names}
        for name, digest in self._digests.items():
            if given[name] != b64encode(digest.digest()).decode():
                raise _bad_digest(name, given[name])
        return {name: value for name, value in given.items() if value is not None}


def _bad_digest(name: str, value: str | None) -> AwsError:
    return AwsError(
        "BadDigest", f"The {name} you specified did not match what we received. (You gave {value}.)"
    )
