"""The two kinds of failure: what the person at the keyboard must mend, and what an AWS client is told."""

from __future__ import annotations


class LocalRuntimeError(Exception):
    """A user's mistake or a missing piece of the machine: one sentence, no traceback, exit code 2."""


class UnsupportedResourceError(LocalRuntimeError):
    """A template asks for something that the local run does not interpret."""

    def __init__(self, resource_type: str, stack: str, logical_id: str, detail: str) -> None:
        super().__init__(f"{stack}/{logical_id}: {resource_type}: {detail}")
        self.resource_type = resource_type


class TableNotFoundError(LookupError):
    """The database or the table does not exist; the message is `database.table`."""


class AwsError(Exception):
    """An error as an AWS JSON service answers it: `{"__type": code, "message": message}` with a status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
