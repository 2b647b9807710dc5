"""Clients of AWS whose longest call is known, so that a function's own timeout never cuts it off.

https://docs.aws.amazon.com/boto3/latest/guide/retries.html
"""

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError


@dataclass(frozen=True)
class CallBudget:
    """How often a call is tried, and how long each try may take, in seconds."""

    attempts: int
    connect_seconds: float = 1
    read_seconds: float = 2

    @property
    def longest_seconds(self) -> float:
        """Every try times out, and every pause is the longest of botocore's `standard` mode."""
        pauses = 2 ** (self.attempts - 1) - 1  # 1 + 2 + 4 ...
        return float(self.attempts * (self.connect_seconds + self.read_seconds) + pauses)


def aws_client(service: str, budget: CallBudget) -> Any:
    """A client of the function's region with the function's role."""
    return boto3.client(
        service,
        config=Config(
            connect_timeout=budget.connect_seconds,
            read_timeout=budget.read_seconds,
            retries={"mode": "standard", "total_max_attempts": budget.attempts},
        ),
    )


def error_code(error: Exception) -> str:
    """The service's code of what went wrong, such as `ThrottlingException`; else the kind of error."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__


def is_passing(error: Exception) -> bool:
    """Whether the same call may succeed later: a throttle, a failure of the service, no connection to it."""
    if not isinstance(error, ClientError):
        return isinstance(error, ConnectionError | HTTPClientError)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or error_code(error) in _THROTTLES


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_THROTTLES = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailableException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
