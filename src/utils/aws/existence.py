"""Whether what a tool was told to work with is there, asked before anything is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .errors import BadInputError

NOT_FOUND = "ResourceNotFoundException"


@contextmanager
def named(option: str, what: str, name: str) -> Iterator[None]:
    """Turn AWS's "not found" into the option that named the thing.

    Raises:
        BadInputError: there is no such thing.
    """
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != NOT_FOUND:
            raise
        raise BadInputError(f"{option}: there is no {what} {name!r} in this account and region") from error


def require_stream(kinesis: Any, name: str) -> None:
    """Ask for a Kinesis stream.

    Raises:
        BadInputError: there is none of the name.
    """
    with named("--stream-name", "Kinesis stream", name):
        kinesis.describe_stream_summary(StreamName=name)


def require_delivery_stream(firehose: Any, name: str) -> None:
    """Ask for a Firehose stream.

    Raises:
        BadInputError: there is none of the name.
    """
    with named("--delivery-stream", "Firehose stream", name):
        firehose.describe_delivery_stream(DeliveryStreamName=name)
