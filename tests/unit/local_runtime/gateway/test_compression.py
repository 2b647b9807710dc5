"""Responses are compressed where the API and the client say so."""

from __future__ import annotations

import gzip
from types import SimpleNamespace
from typing import Any

import pytest

from local_runtime.gateway.compression import compressed
from local_runtime.gateway.context import Response

BODY = b"figures " * 200


def answer(accepts: str | None, least: int | None = 1024, body: bytes = BODY, **headers: str) -> Response:
    api: Any = SimpleNamespace(minimum_compression_size=least)
    request: Any = SimpleNamespace(headers={} if accepts is None else {"accept-encoding": accepts})
    return compressed(api, request, Response(200, {"content-type": "text/css", **headers}, body))


@pytest.mark.parametrize("accepts", ["gzip", "gzip, deflate, br", "br;q=1.0, GZIP;q=0.8", "*"])
def test_client_that_takes_gzip_gets_it(accepts: str) -> None:
    response = answer(accepts)
    assert response.headers == {"content-type": "text/css", "content-encoding": "gzip"}
    assert gzip.decompress(response.body) == BODY


@pytest.mark.parametrize("accepts", [None, "", "br", "gzip;q=0", "gzip; q=0.0"])
def test_client_that_does_not_take_gzip_gets_the_body_as_it_is(accepts: str | None) -> None:
    assert answer(accepts).body == BODY


def test_api_without_the_setting_compresses_nothing() -> None:
    assert answer("gzip", least=None).body == BODY


def test_short_and_empty_bodies_stay_as_they_are() -> None:
    assert answer("gzip", body=b"short").body == b"short"
    assert answer("gzip", least=0, body=b"").headers == {"content-type": "text/css"}


def test_what_is_encoded_already_is_not_encoded_again() -> None:
    packed = gzip.compress(BODY)
    assert answer("gzip", least=1, body=packed, **{"content-encoding": "gzip"}).body == packed
