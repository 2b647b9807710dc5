"""boto3 clients for AWS or, with AWS_ENDPOINT_URL on loopback, for the local run, which wants no keys."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from .errors import BadInputError

VARIABLE = "AWS_ENDPOINT_URL"
LOCAL_REGION = "us-east-1"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Clients:
    """One session: a region that is known, and credentials."""

    def __init__(self, region: str | None = None) -> None:
        import boto3

        local = _is_local()
        session = boto3.Session(region_name=region)
        if session.region_name is None and not local:
            raise BadInputError(
                "no AWS region is configured: pass --region or set AWS_REGION; for the local run set"
                f" {VARIABLE} to a URL on loopback, like http://127.0.0.1:4566"
            )
        self.region: str = LOCAL_REGION if session.region_name is None else session.region_name
        # the local run verifies no signature, and real keys have no business there
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"} if local else {}
        self._session = boto3.Session(region_name=self.region, **keys)

    def __call__(self, service: str, *, attempts: int | None = None) -> Any:
        """A client; with `attempts` 1 it never sends a request again by itself."""
        from botocore.config import Config

        # on loopback a bucket is no host name
        s3 = {"addressing_style": "path" if _is_local() else "auto"}
        retries = {"mode": "standard"} | ({} if attempts is None else {"total_max_attempts": attempts})
        config = Config(max_pool_connections=32, retries=retries, s3=s3)
        return self._session.client(service, config=config)

    def bucket(self, name: str | None, system: str = "web-analytics") -> str:
        """The bucket by its name, or the one that a system's stacks make for this account and region."""
        if name is not None:
            return name
        account = self("sts").get_caller_identity()["Account"]
        return f"{system}-{self.region}-{account}"


def _is_local() -> bool:
    """Whether the calls go to this computer.

    Raises:
        BadInputError: the variable is set to what is no URL.
    """
    url = os.environ.get(VARIABLE, "")
    if not url:
        return False
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise BadInputError(
            f"{VARIABLE} must be a URL like http://127.0.0.1:4566 or https://... (got {url!r})"
        )
    return parts.hostname in LOOPBACK
