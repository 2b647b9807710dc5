"""What a delivery stream asks of the place that it delivers to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from local_runtime.errors import LocalRuntimeError
from local_runtime.firehose.ledger import Batch
from local_runtime.firehose.records import Failure, Row

PERMANENT_ERRORS = (LookupError, ValueError, TypeError, NotImplementedError, LocalRuntimeError)
"""Errors that the same rows meet again; a full disk or a lost race is none of them."""


class TargetError(Exception):
    """One target does not take its rows, however often they are offered; its cause says why."""

    def __init__(self, target: str, reason: str, others: Any, failures: Sequence[Failure]) -> None:
        super().__init__(f"{target} does not take its rows: {reason}")
        self.target = target
        self.others = others
        """The sealed rows of the other targets."""
        self.failures = failures
        """The rows of this one."""


class Prepared(Protocol):
    """Some rows in the destination's own form, and those that it refuses."""

    @property
    def failures(self) -> Sequence[Failure]: ...
    @property
    def record_count(self) -> int: ...


class Sealed(Protocol):
    """The rows of one batch, ready to become visible."""

    @property
    def targets(self) -> Sequence[str]:
        """The tables or objects that they go to, each in one atomic step."""
        ...


P = TypeVar("P", bound=Prepared)
S = TypeVar("S", bound=Sealed)


class Destination(Protocol[P, S]):
    """An Iceberg catalog or an S3 bucket."""

    def prepare(self, rows: Sequence[Row]) -> P:
        """Convert rows; they are not kept."""
        ...

    def seal(self, batch_id: uuid.UUID, parts: Sequence[P]) -> S:
        """Put what was prepared together, in its order."""
        ...

    def commit(self, batch: Batch, sealed: S) -> None:
        """Make the rows visible in each target that does not have this batch yet.

        Raises:
            TargetError: a target will not take them, as they are; the others may have theirs already.
        """
        ...

    def has(self, batch: Batch, target: str) -> bool:
        """Whether the batch's rows are visible there."""
        ...

    def dump(self, sealed: S) -> bytes:
        """The rows as `load` reads them back after a crash."""
        ...

    def load(self, data: bytes) -> S: ...

    def release(self) -> None:
        """Give the memory of what has been delivered back to the system."""
        ...
