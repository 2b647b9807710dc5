"""How a state fails, by the names that Retry and Catch know.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from collections.abc import Sequence

ALL = "States.ALL"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
RUNTIME = "States.Runtime"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"


class DefinitionError(ValueError):
    """What CreateStateMachine would refuse; the message says what is wrong, not where."""


class StatesError(Exception):
    """A state failed: an error name and a cause, as Catch and DescribeExecution show them."""

    def __init__(self, error: str | None, cause: str | None = None) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class StatesRuntimeError(StatesError):
    """The definition cannot be applied to this input; nothing catches or retries it."""

    def __init__(self, cause: str) -> None:
        super().__init__(RUNTIME, cause)


def matches(names: Sequence[str], error: StatesError) -> bool:
    """Whether an `ErrorEquals` means this error."""
    if error.error == RUNTIME:
        return False
    for name in names:
        if name == error.error:
            return True
        if name == ALL and error.error != DATA_LIMIT_EXCEEDED:
            return True
        if name == TASK_FAILED and error.error not in (TIMEOUT, HEARTBEAT_TIMEOUT, DATA_LIMIT_EXCEEDED):
            return True
        if name == TIMEOUT and error.error == HEARTBEAT_TIMEOUT:
            return True
    return False
