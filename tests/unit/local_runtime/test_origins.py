"""Which requests of a browser the port answers."""

from __future__ import annotations

import pytest

from local_runtime.origins import host_refusal, page_refusal


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:4566", "127.0.0.1", "localhost:4566", "LOCALHOST", "a.localhost:80", "[::1]:4566"],
)
def test_host_of_this_machine_is_answered(host: str) -> None:
    assert host_refusal([(b"accept", b"*/*"), (b"host", host.encode())]) is None


@pytest.mark.parametrize(
    "host", ["evil.example:4566", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", ""]
)
def test_other_host_is_refused_by_name(host: str) -> None:
    refusal = host_refusal([(b"host", host.encode())])
    assert refusal == f"the header Host must be 127.0.0.1 or localhost (got {host!r})"


def test_program_that_names_neither_host_nor_page_is_answered() -> None:
    assert host_refusal([]) is None
    assert page_refusal([(b"host", b"127.0.0.1:4566")]) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://127.0.0.1:4566"},
        {"origin": "http://localhost:3000", "sec-fetch-site": "cross-site"},
        {"referer": "http://localhost:3000/gallery", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "referer": "http://127.0.0.1:4566/web-analytics-dashboard/v1/"},
    ],
)
def test_page_of_this_machine_is_answered(headers: dict[str, str]) -> None:
    assert page_refusal([(name.encode(), value.encode()) for name, value in headers.items()]) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://127.0.0.1.evil.example"},
        {"origin": "null"},
        {"origin": "https://evil.example", "referer": "http://localhost/"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site", "referer": "https://evil.example/127.0.0.1"},
    ],
)
def test_page_of_the_internet_is_refused(headers: dict[str, str]) -> None:
    refusal = page_refusal([(name.encode(), value.encode()) for name, value in headers.items()])
    assert refusal is not None
    assert "not of this machine" in refusal
