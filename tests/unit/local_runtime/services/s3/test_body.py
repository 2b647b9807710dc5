"""Uploads as clients wrap them."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_runtime.errors import AwsError
from local_runtime.services.s3.body import BLOCK, ChunkedDecoder, UploadBody

BODY = b"5;chunk-signature=ab\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"


@given(st.lists(st.integers(0, len(BODY)), max_size=12))
def test_chunks_decode_wherever_the_network_cuts_them(cuts: list[int]) -> None:
    decoder = ChunkedDecoder()
    edges = [0, *sorted(cuts), len(BODY)]

    payload = b"".join(decoder.feed(BODY[start:end]) for start, end in pairwise(edges))

    assert payload == b"hello world"
    assert decoder.complete
    assert decoder.trailers == {"x-amz-checksum-crc32": "DUoRhQ=="}


@pytest.mark.parametrize("body", [b"zz\r\nhello\r\n", b"3\r\nhello\r\n0\r\n\r\n", b"1" * 9000])
def test_what_is_not_chunked_is_refused(body: bytes) -> None:
    with pytest.raises(AwsError, match="IncompleteBody"):
        ChunkedDecoder().feed(body)


def read(headers: dict[str, str], *parts: bytes, ends: bool = True) -> list[bytes]:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": part, "more_body": not ends or number < len(parts)}
        for number, part in enumerate(parts, 1)
    ]
    messages.append({"type": "http.disconnect"})

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def collect() -> list[bytes]:
        return [block async for block in UploadBody(headers, receive)]

    return asyncio.run(collect())


def test_a_long_upload_passes_in_blocks_and_is_never_held_whole() -> None:
    parts = [bytes(300_000)] * 20
    blocks = read({"content-length": "6000000"}, *parts)

    assert sum(map(len, blocks)) == 6_000_000
    assert max(map(len, blocks)) < BLOCK + 300_000


@pytest.mark.parametrize(
    ("headers", "parts", "ends"),
    [
        ({"content-length": "10"}, [b"short"], True),
        ({"content-length": "10"}, [b"short"], False),
        ({"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, [b"5\r\nhello\r\n"], True),
        (
            {
                "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                "x-amz-decoded-content-length": "12",
            },
            [BODY],
            True,
        ),
    ],
)
def test_an_upload_that_ends_early_is_refused(
    headers: dict[str, str], parts: list[bytes], ends: bool
) -> None:
    with pytest.raises(AwsError, match="IncompleteBody"):
        read(headers, *parts, ends=ends)
