"""Conditional requests and byte ranges.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from local_runtime.errors import AwsError
from local_runtime.services.s3.metadata import ObjectInfo

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


class NotModifiedError(Exception):
    """The client has this object already: 304, without a body."""


def check_read(headers: Mapping[str, str], info: ObjectInfo) -> None:
    """
    Raises:
        AwsError: PreconditionFailed.
        NotModifiedError: the object is as the client knows it.
    """
    if not _matches(headers.get("if-match"), info.etag):
        raise _failed("If-Match")
    unmodified = _date(headers, "if-unmodified-since")
    if "if-match" not in headers and unmodified is not None and _seconds(info) > unmodified:
        raise _failed("If-Unmodified-Since")
    none_match = headers.get("if-none-match")
    if none_match is not None:
        if _matches(none_match, info.etag):
            raise NotModifiedError
        return
    modified = _date(headers, "if-modified-since")
    if modified is not None and _seconds(info) <= modified:
        raise NotModifiedError


def check_write(headers: Mapping[str, str], existing: ObjectInfo | None) -> None:
    """Conditional writes.

    Raises:
        AwsError: PreconditionFailed, or NoSuchKey when If-Match is asked of nothing.
    """
    expected = headers.get("if-match")
    if expected is not None and existing is None:
        raise AwsError("NoSuchKey", "The specified key does not exist.", 404)
    if expected is not None and existing is not None and not _matches(expected, existing.etag):
        raise _failed("If-Match")
    if headers.get("if-none-match") == "*" and existing is not None:
        raise _failed("If-None-Match")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of a Range header; None when the whole object is meant.

    Raises:
        AwsError: InvalidRange.
    """
    match = _RANGE.fullmatch(header.strip()) if header is not None else None
    if match is None or not any(match.groups()):
        return None  # S3, like RFC 9110, ignores a range that it does not understand
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size - 1
        satisfiable = int(last) > 0 and size > 0
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
        satisfiable = start < size
    if not satisfiable:
        raise AwsError("InvalidRange", f"The requested range {header} is not satisfiable: {size} bytes.", 416)
    return start, end


def _matches(header: str | None, etag: str) -> bool:
    if header is None or header.strip() == "*":
        return True
    return etag in (item.strip().removeprefix("W/").strip('"') for item in header.split(","))


def _date(headers: Mapping[str, str], name: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(headers[name])
    except (KeyError, ValueError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _seconds(info: ObjectInfo) -> datetime:
    return info.last_modified.replace(microsecond=0)


def _failed(condition: str) -> AwsError:
    message = f"At least one of the pre-conditions you specified did not hold: {condition}"
    return AwsError("PreconditionFailed", message, 412)
