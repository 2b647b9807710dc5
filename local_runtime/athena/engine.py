"""Athena for the tables of one run: `execute` a statement, get its rows or Athena's error.

https://docs.aws.amazon.com/athena/latest/ug/ddl-sql-reference.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from local_runtime.athena.execution import Cancellation, Execution
from local_runtime.athena.interpreters import default_interpreters
from local_runtime.athena.parameters import bind_parameters
from local_runtime.athena.result import QueryError, QueryResult
from local_runtime.athena.statements import Statement, read_statement
from local_runtime.errors import AwsError, LocalRuntimeError
from local_runtime.lakehouse.lakehouse import Lakehouse

Interpreter = Callable[[Statement, Execution], QueryResult]
"""Runs one kind of statement."""


class Athena:
    """Runs statements by kind; safe for many threads."""

    def __init__(
        self, lakehouse: Lakehouse, interpreters: Mapping[str, Interpreter] = MappingProxyType({})
    ) -> None:
        self._interpreters: dict[str, Interpreter] = {**default_interpreters(lakehouse), **interpreters}

    def execute(
        self,
        sql: str,
        database: str | None = None,
        *,
        parameters: Sequence[str] = (),
        cancellation: Cancellation | None = None,
        output_location: str | None = None,
        location_is_enforced: bool = False,
        scan_limit: int | None = None,
    ) -> QueryResult:
        """Run one statement; see `Execution` for the other arguments.

        Args:
            parameters: SQL expressions (`1`, `'text'`, `DATE '2026-11-21'`), one for each `?`.

        Raises:
            QueryError: Athena's error, code and place included.
        """
        started = time.perf_counter()
        statement = read_statement(bind_parameters(sql, parameters))
        interpreter = self._interpreters.get(statement.kind)
        if interpreter is None:
            supported = ", ".join(sorted(self._interpreters))
            raise QueryError(
                "NOT_SUPPORTED", f"{statement.kind} is not supported by the local run (it runs {supported})"
            )
        execution = Execution(
            database,
            output_location,
            location_is_enforced,
            Cancellation() if cancellation is None else cancellation,
            scan_limit,
        )
        result = self._run(interpreter, statement, execution)
        milliseconds = round((time.perf_counter() - started) * 1000)
        return replace(result, statistics=replace(result.statistics, execution_time_in_millis=milliseconds))

    def _run(self, interpreter: Interpreter, statement: Statement, execution: Execution) -> QueryResult:
        try:
            return interpreter(statement, execution)
        except LocalRuntimeError as error:
            raise QueryError("INVALID_TABLE_PROPERTY", str(error)) from error
        except AwsError as error:
            raise QueryError("HIVE_FILESYSTEM_ERROR", str(error)) from error
