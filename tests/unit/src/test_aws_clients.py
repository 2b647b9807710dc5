"""Where the tools' calls go, and how what is not there is named."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from src.utils.aws.clients import LOCAL_REGION, Clients
from src.utils.aws.errors import BadInputError
from src.utils.aws.existence import require_delivery_stream, require_stream


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")


@pytest.mark.parametrize(
    "url",
    ["blah", "127.0.0.1:4566", "localhost:4566", "ftp://127.0.0.1", "http://", "http://[::1", "http://h:x"],
)
@pytest.mark.parametrize("region", [None, "eu-west-1"])
def test_endpoint_that_is_no_url_is_named(
    monkeypatch: pytest.MonkeyPatch, url: str, region: str | None
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(BadInputError) as raised:
        Clients(region)
    assert str(raised.value).startswith("AWS_ENDPOINT_URL must be a URL like http://127.0.0.1:4566")
    assert repr(url) in str(raised.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566", "https://localhost:1/", "http://[::1]:4566"])
def test_local_run_needs_no_region(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert Clients().region == LOCAL_REGION


@pytest.mark.parametrize("url", ["", "https://vpce-1.example.com"])
def test_anything_else_needs_one(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(BadInputError, match=r"no AWS region is configured: .* to a URL on loopback"):
        Clients()


class Refusing:
    """A client whose every call is refused."""

    def __init__(self, code: str) -> None:
        self.code = code

    def _refuse(self, **_: str) -> Any:
        raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "Describe")

    describe_stream_summary = describe_delivery_stream = _refuse


def test_stream_that_is_not_there_is_named_with_its_option() -> None:
    missing = Refusing("ResourceNotFoundException")
    with pytest.raises(BadInputError, match=r"^--stream-name: there is no Kinesis stream 'nope'"):
        require_stream(missing, "nope")
    with pytest.raises(BadInputError, match=r"^--delivery-stream: there is no Firehose stream 'nope'"):
        require_delivery_stream(missing, "nope")


def test_other_refusals_stay_what_they_are() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        require_stream(Refusing("AccessDeniedException"), "nope")
