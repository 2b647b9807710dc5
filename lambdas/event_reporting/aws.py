"""The functions' clients of AWS: they give up early; the state machine tries again, and waits longer."""

from functools import cache
from typing import Any

from lambdas.common.aws_client import CallBudget, aws_client

# 32 s, within the functions' timeout of a minute.
_BUDGET = CallBudget(attempts=2, connect_seconds=5, read_seconds=10)


@cache
def client(service: str) -> Any:
    return aws_client(service, _BUDGET)
