"""The one shape of an AWS service in this process: an action and a request in, a response out."""

from __future__ import annotations

from typing import Any, Protocol


class Service(Protocol):
    """`service("PutRecords", {...})` answers the service's own response members.

    Raises:
        AwsError: what the service would answer, with its code and HTTP status.
    """

    def __call__(self, action: str, request: dict[str, Any]) -> dict[str, Any]: ...
