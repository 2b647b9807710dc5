"""Runs query executions, a few at a time, and writes their results to S3."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from local_runtime.athena.execution import CANCELLED as CANCELLED_CODE
from local_runtime.athena.execution import SCAN_LIMIT, Cancellation
from local_runtime.athena.result import QueryError, QueryResult
from local_runtime.athena.text import to_text
from local_runtime.errors import AwsError, LocalRuntimeError
from local_runtime.lakehouse.object_keys import split_uri
from local_runtime.services.athena.executions import (
    CANCELLED,
    FAILED,
    RUNNING,
    SUCCEEDED,
    SYSTEM_ERROR,
    USER_ERROR,
    ExecutionStore,
    QueryExecution,
)
from local_runtime.services.athena.results import to_csv, to_text_file
from local_runtime.services.athena.workgroups import WorkGroup

if TYPE_CHECKING:
    from local_runtime.athena.engine import Athena
    from local_runtime.lakehouse.object_store import ObjectStore

log = logging.getLogger(__name__)

CONCURRENT_QUERIES = 4
_INTERNAL = ("GENERIC_INTERNAL_ERROR", "EXCEEDED_LOCAL_MEMORY_LIMIT")


class QueryRunner:
    """A pool of threads; further executions wait in the state QUEUED."""

    def __init__(
        self,
        store: ExecutionStore,
        athena: Callable[[], Athena],
        objects: Callable[[], ObjectStore],
    ) -> None:
        self._store = store
        self._athena = athena
        self._objects = objects
        self._pool = ThreadPoolExecutor(CONCURRENT_QUERIES, thread_name_prefix="athena")
        self._cancellations: dict[str, Cancellation] = {}
        self._lock = threading.Lock()

    def start(self, execution: QueryExecution, work_group: WorkGroup) -> None:
        cancellation = Cancellation()
        with self._lock:
            self._cancellations[execution.id] = cancellation
        self._pool.submit(self._run, execution, work_group, cancellation)

    def cancel(self, execution: QueryExecution) -> None:
        """End an execution: its state says so at once, its thread is interrupted."""
        reason = "Query was cancelled by user"
        self._store.update(execution, state=CANCELLED, reason=reason, completed=time.time())
        with self._lock:
            cancellation = self._cancellations.get(execution.id)
        if cancellation is not None:
            cancellation.cancel()

    def _run(self, execution: QueryExecution, work_group: WorkGroup, cancellation: Cancellation) -> None:
        try:
            if self._store.update(execution, state=RUNNING, started=time.time()):
                self._execute(execution, work_group, cancellation)
        except Exception as error:
            log.exception("query %s failed inside the local run", execution.id)
            self._fail(execution, f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}", SYSTEM_ERROR)
        finally:
            with self._lock:
                del self._cancellations[execution.id]

    def _execute(self, execution: QueryExecution, work_group: WorkGroup, cancellation: Cancellation) -> None:
        try:
            result = self._athena().execute(
                execution.query,
                execution.database,
                parameters=execution.parameters,
                cancellation=cancellation,
                output_location=execution.output_location.rpartition("/")[0] + "/",
                location_is_enforced=work_group.enforced,
                scan_limit=work_group.scan_limit,
            )
            self._write(execution, result)
        except QueryError as error:
            if error.code in (CANCELLED_CODE, SCAN_LIMIT):
                self._store.update(execution, state=CANCELLED, reason=error.message, completed=time.time())
            else:
                category = SYSTEM_ERROR if error.code in _INTERNAL else USER_ERROR
                self._fail(execution, str(error), category)
        except (AwsError, LocalRuntimeError, OSError) as error:
            self._fail(execution, f"The results could not be written: {error}", USER_ERROR)
        else:
            self._store.update(
                execution,
                state=SUCCEEDED,
                completed=time.time(),
                engine_millis=result.statistics.execution_time_in_millis,
                scanned_bytes=result.statistics.data_scanned_in_bytes,
                columns=[[column.name, column.type] for column in result.columns],
                update_count=result.update_count,
            )

    def _fail(self, execution: QueryExecution, reason: str, category: int) -> None:
        self._store.update(
            execution, state=FAILED, reason=reason, error_category=category, completed=time.time()
        )

    def _write(self, execution: QueryExecution, result: QueryResult) -> None:
        if execution.statement_type == "DML" and not execution.is_select:
            return  # rows went to a table; there is nothing to show
        rows = ([to_text(value) for value in row] for row in result.rows)
        names: Sequence[str] = [column.name for column in result.columns]
        lines = to_csv(names, rows) if execution.is_select else to_text_file(rows)
        bucket, key = split_uri(execution.output_location)
        self._objects().put(bucket, key, b"".join(lines))

    def close(self) -> None:
        """Cancel everything; returns when the threads are done."""
        with self._lock:
            cancellations = list(self._cancellations.values())
        for cancellation in cancellations:
            cancellation.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)
