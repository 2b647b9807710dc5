"""What surrounds one execution of a statement: session, parameters, where results go, and how to stop it.

https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from local_runtime.athena.result import QueryError

CANCELLED = "QUERY_CANCELLED"
SCAN_LIMIT = "EXCEEDED_SCAN_LIMIT"


class Cancellation:
    """Stops a running statement from another thread: `cancel()` once is enough, whenever it comes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._interrupts: list[Callable[[], object]] = []
        self._cancelled = False

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            for interrupt in self._interrupts:
                interrupt()

    def check(self) -> None:
        """Raises QueryError when the statement was cancelled: before and after each step that takes time."""
        if self._cancelled:
            raise QueryError(CANCELLED, "Query was canceled")

    @contextmanager
    def interrupting(self, interrupt: Callable[[], object]) -> Iterator[None]:
        """While the block runs, a cancellation calls `interrupt`."""
        with self._lock:
            self._interrupts.append(interrupt)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)


@dataclass(frozen=True)
class Execution:
    """One execution of one statement."""

    database: str | None = None
    """The session's: where a table without a database is looked for."""
    output_location: str | None = None
    """The `s3://` folder of the query's results, if there is one."""
    location_is_enforced: bool = False
    """The workgroup's settings override the client's; a CTAS may then not choose its external_location."""
    cancellation: Cancellation = field(default_factory=Cancellation)
    scan_limit: int | None = None
    """The workgroup's BytesScannedCutoffPerQuery."""

    def check_scan(self, scanned_bytes: int) -> None:
        """Raises QueryError before a query that would scan more than the workgroup lets it."""
        if self.scan_limit is not None and scanned_bytes > self.scan_limit:
            raise QueryError(SCAN_LIMIT, "Bytes scanned limit was exceeded")
