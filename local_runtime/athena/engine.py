"""Athena for the tables of one run: `execute` a statement, get its rows or Athena's error.

https://docs.aws.amazon.com/athena/latest/ug/what-is.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from local_runtime.athena.result import QueryError, QueryResult
from local_runtime.athena.select import SelectInterpreter
from local_runtime.athena.statements import SELECT, Statement, read_statement
from local_runtime.lakehouse.lakehouse import Lakehouse

Interpreter = Callable[[Statement, str | None], QueryResult]
"""Runs one kind of statement; the second argument is the session's database."""


class Athena:
    """Runs statements by kind; safe for many threads."""

    def __init__(
        self, lakehouse: Lakehouse, interpreters: Mapping[str, Interpreter] = MappingProxyType({})
    ) -> None:
        self._interpreters: dict[str, Interpreter] = {SELECT: SelectInterpreter(lakehouse), **interpreters}

    def execute(self, sql: str, database: str | None = None) -> QueryResult:
        """Run one statement.

        Raises:
            QueryError: Athena's error, code and place included.
        """
        statement = read_statement(sql)
        interpreter = self._interpreters.get(statement.kind)
        if interpreter is None:
            supported = ", ".join(sorted(self._interpreters))
            raise QueryError(
                "NOT_SUPPORTED",
                f"{statement.kind} is not supported yet by the local run (it runs {supported})",
            )
        return interpreter(statement, database)
