"""The one mapping between S3 keys and file paths, reversible.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
A key has up to 1,024 bytes of any UTF-8, a file name at most 255: a longer segment (an Iceberg partition
value that a client chose) is folded into nested folders whose names end with FOLD.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from local_runtime.errors import LocalRuntimeError

FOLD = "\N{HORIZONTAL ELLIPSIS}"
LONGEST_SEGMENT = 230
PIECE = 240
"""Bytes of a folded piece before FOLD: more than LONGEST_SEGMENT, so no natural segment looks like one."""
LONGEST_KEY = 1024


def key_to_parts(bucket: str, key: str) -> list[str]:
    """The path segments, below the bucket's folder, of an object."""
    if len(key.encode()) > LONGEST_KEY:
        raise LocalRuntimeError(
            f"s3://{bucket}/{key[:80]}{FOLD}: a key has at most {LONGEST_KEY} bytes (got {len(key.encode())})"
        )
    segments = key.split("/")
    if "\0" in key or any(segment in ("", ".", "..") for segment in segments):
        raise LocalRuntimeError(
            f"s3://{bucket}/{key!r}: the local run stores keys as files; no segment may be empty, '.', '..' "
            "or hold a zero byte"
        )
    return [part for segment in segments for part in _fold(segment)]


def parts_to_key(parts: Sequence[str]) -> str:
    """The key of a path below a bucket's folder: the inverse of key_to_parts."""
    return "".join(part.removesuffix(FOLD) if _is_piece(part) else f"{part}/" for part in parts)[:-1]


def check_bucket(bucket: str) -> str:
    """A bucket's name, refused when it could not be one folder."""
    if not bucket or bucket.startswith(".") or "/" in bucket or "\0" in bucket:
        raise LocalRuntimeError(f"bucket {bucket!r}: a name is lower-case letters, digits, '-' and '.'")
    return bucket


def split_uri(uri: str) -> tuple[str, str]:
    """(bucket, key) of an `s3://` URI."""
    scheme, _, rest = uri.partition("://")
    if scheme not in ("s3", "s3a", "s3n"):
        raise LocalRuntimeError(f"{uri}: an S3 location starts with s3:// (got {scheme!r})")
    bucket, _, key = rest.partition("/")
    return bucket, key


def _is_piece(part: str) -> bool:
    return part.endswith(FOLD) and len(part.encode()) > LONGEST_SEGMENT


def _fold(segment: str) -> Iterator[str]:
    encoded = segment.encode()
    if len(encoded) <= LONGEST_SEGMENT:
        yield segment
        return
    while len(encoded) > LONGEST_SEGMENT:
        piece = encoded[:PIECE].decode(errors="ignore")
        yield piece + FOLD
        encoded = encoded[len(piece.encode()) :]
    yield encoded.decode()
