"""Conditional requests and ranges."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from local_runtime.errors import AwsError
from local_runtime.services.s3.conditions import NotModifiedError, byte_range, check_read, check_write
from local_runtime.services.s3.metadata import ObjectInfo

INFO = ObjectInfo("key", 100, "abc", datetime(2026, 11, 21, 10, 0, 0, 500_000, tzinfo=UTC), {})
THEN, EARLIER = "Sat, 21 Nov 2026 10:00:00 GMT", "Sat, 21 Nov 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("bytes=0-9", (0, 9)),
        ("bytes=90-", (90, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-1000", (0, 99)),
        ("bytes=50-1000", (50, 99)),
        ("bytes=9-2", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=-", None),
    ],
)
def test_ranges(header: str | None, found: tuple[int, int] | None) -> None:
    assert byte_range(header, 100) == found


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0)])
def test_a_range_beyond_the_object_is_416(header: str, size: int) -> None:
    with pytest.raises(AwsError) as caught:
        byte_range(header, size)
    assert (caught.value.code, caught.value.status) == ("InvalidRange", 416)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"if-match": '"abc"'},
        {"if-match": "*"},
        {"if-none-match": '"other"'},
        {"if-modified-since": EARLIER},
        {"if-unmodified-since": THEN},
        {"if-match": '"abc"', "if-unmodified-since": EARLIER},
        {"if-none-match": '"other"', "if-modified-since": THEN},
        {"if-modified-since": "no date"},
    ],
)
def test_conditions_that_hold(headers: dict[str, str]) -> None:
    check_read(headers, INFO)


@pytest.mark.parametrize("headers", [{"if-match": '"other"'}, {"if-unmodified-since": EARLIER}])
def test_conditions_that_fail(headers: dict[str, str]) -> None:
    with pytest.raises(AwsError, match="PreconditionFailed"):
        check_read(headers, INFO)


@pytest.mark.parametrize("headers", [{"if-none-match": 'W/"x", "abc"'}, {"if-modified-since": THEN}])
def test_an_object_that_the_client_has_is_not_sent(headers: dict[str, str]) -> None:
    with pytest.raises(NotModifiedError):
        check_read(headers, INFO)


def test_conditional_writes() -> None:
    check_write({"if-none-match": "*"}, None)
    check_write({"if-match": '"abc"'}, INFO)
    for headers, existing, code in (
        ({"if-none-match": "*"}, INFO, "PreconditionFailed"),
        ({"if-match": '"other"'}, INFO, "PreconditionFailed"),
        ({"if-match": '"abc"'}, None, "NoSuchKey"),
    ):
        with pytest.raises(AwsError, match=code):
            check_write(headers, existing)
