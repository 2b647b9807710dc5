"""Pages of keys: prefix, delimiter, start and limit, for ListObjectsV2 and the older ListObjects.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from local_runtime.errors import AwsError
from local_runtime.services.s3.store import S3Store

MAX_KEYS = 1000


@dataclass(frozen=True)
class Page:
    keys: Sequence[str]
    common_prefixes: Sequence[str]
    next_start: str | None
    """The last key or common prefix of a page that is not the last one."""


def find_page(keys: Sequence[str], prefix: str, delimiter: str, after: str, limit: int) -> Page:
    """One page of keys that are sorted by their UTF-8 bytes and have the prefix.

    A common prefix counts as one entry, however many keys it stands for.
    """
    chosen: list[str] = []
    prefixes: list[str] = []
    last: str | None = None
    start = bisect_right(keys, after.encode(), key=str.encode) if after else 0
    for key in keys[start:]:
        common = _common_prefix(key, prefix, delimiter)
        if common is not None and common in (last, after):
            continue
        if len(chosen) + len(prefixes) >= limit:
            return Page(chosen, prefixes, last)
        if common is None:
            chosen.append(key)
        else:
            prefixes.append(common)
        last = key if common is None else common
    return Page(chosen, prefixes, None)


def _common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    if not delimiter:
        return None
    end = key.find(delimiter, len(prefix))
    return None if end < 0 else key[: end + len(delimiter)]


def list_objects(store: S3Store, bucket: str, query: Mapping[str, str]) -> dict[str, Any]:
    """ListObjectsV2 when `list-type=2` is asked for, else ListObjects."""
    store.require_bucket(bucket)
    second = query.get("list-type") == "2"
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    limit = _limit(query.get("max-keys"))
    page = find_page(store.objects.list(bucket, prefix), prefix, delimiter, _after(query, second), limit)
    encode = quote if query.get("encoding-type") == "url" else str
    entries = [entry for key in page.keys if (entry := _entry(store, bucket, key, encode)) is not None]
    common = [{"Prefix": encode(item)} for item in page.common_prefixes]
    answer: dict[str, Any] = {
        "Name": bucket,
        "Prefix": encode(prefix),
        "Delimiter": encode(delimiter) if delimiter else None,
        "MaxKeys": limit,
        "EncodingType": query.get("encoding-type"),
        "IsTruncated": page.next_start is not None,
    }
    if second:
        answer["KeyCount"] = len(entries) + len(common)
        answer["ContinuationToken"] = query.get("continuation-token")
        answer["StartAfter"] = query.get("start-after")
        answer["NextContinuationToken"] = None if page.next_start is None else _token(page.next_start)
    else:
        answer["Marker"] = encode(query.get("marker", ""))
        answer["NextMarker"] = encode(page.next_start) if page.next_start is not None and delimiter else None
    return {**answer, "Contents": entries, "CommonPrefixes": common}


def _entry(store: S3Store, bucket: str, key: str, encode: Any) -> dict[str, Any] | None:
    info = store.find(bucket, key)
    if info is None:
        return None  # deleted since the keys were listed
    return {
        "Key": encode(key),
        "LastModified": info.last_modified,
        "ETag": f'"{info.etag}"',
        "Size": info.size,
        "StorageClass": "STANDARD",
    }


def _limit(given: str | None) -> int:
    if given is None:
        return MAX_KEYS
    if not given.isdecimal():
        raise AwsError("InvalidArgument", f"max-keys must be a whole number from 0 (got {given!r})")
    return min(int(given), MAX_KEYS)


def _after(query: Mapping[str, str], second: bool) -> str:
    if not second:
        return query.get("marker", "")
    token = query.get("continuation-token")
    if token is None:
        return query.get("start-after", "")
    try:
        return urlsafe_b64decode(token).decode()
    except (Base64Error, UnicodeDecodeError):
        raise AwsError("InvalidArgument", "The continuation token provided is incorrect") from None


def _token(key: str) -> str:
    return urlsafe_b64encode(key.encode()).decode()
