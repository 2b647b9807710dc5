"""One Athena statement at a time: started, waited for, read.

https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .errors import AwsCallError, BadInputError

FIRST_WAIT_SECONDS = 0.02
LONGEST_WAIT_SECONDS = 1.0
RUNNING = ("QUEUED", "RUNNING")

Row = tuple[str | None, ...]

_NAME = re.compile(r"[a-z0-9_]{1,255}")


def checked_name(option: str, name: str) -> str:
    """A database's, table's or column's name, safe between double quotes.

    Raises:
        BadInputError: Glue has no such names.
    """
    if _NAME.fullmatch(name) is None:
        raise BadInputError(f"{option} must be lower-case letters, digits and underscores (got {name!r})")
    return name


class QueryFailedError(AwsCallError):
    """Athena ran the statement and it failed, or was cancelled."""


@dataclass(frozen=True)
class Result:
    """The rows as text, as Athena hands them out."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def text_literal(value: str) -> str:
    """A value for an execution parameter: Athena takes SQL literals there, so a string has its quotes."""
    return "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True)
class Athena:
    """A client with where its results go; a workgroup with an output location of its own needs none."""

    client: Any
    database: str
    output_location: str | None
    workgroup: str = "primary"

    def run(self, sql: str, parameters: Sequence[str] = ()) -> str:
        """Run a statement to its end; its id.

        Args:
            parameters: SQL literals for the statement's question marks; see `text_literal`.

        Raises:
            QueryFailedError: with Athena's reason; it names the statement, never a parameter.
        """
        request: dict[str, Any] = {
            "QueryString": sql,
            "QueryExecutionContext": {"Database": self.database},
            "WorkGroup": self.workgroup,
        }
        if self.output_location is not None:
            request["ResultConfiguration"] = {"OutputLocation": self.output_location}
        if parameters:
            request["ExecutionParameters"] = list(parameters)
        query_id = str(self.client.start_query_execution(**request)["QueryExecutionId"])
        status = self._wait(query_id)
        if status["State"] != "SUCCEEDED":
            reason = " ".join(str(status.get("StateChangeReason", "no reason given")).split()).rstrip(".")
            raise QueryFailedError(f"{' '.join(sql.split())!r} {status['State'].lower()}: {reason}")
        return query_id

    def _wait(self, query_id: str) -> dict[str, Any]:
        wait = FIRST_WAIT_SECONDS
        while True:
            answer = self.client.get_query_execution(QueryExecutionId=query_id)
            status = dict(answer["QueryExecution"]["Status"])
            if status["State"] not in RUNNING:
                return status
            time.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    def query(self, sql: str, parameters: Sequence[str] = ()) -> Result:
        """A SELECT's rows; the first row that Athena returns is the header."""
        pages = self.client.get_paginator("get_query_results").paginate(
            QueryExecutionId=self.run(sql, parameters)
        )
        columns: tuple[str, ...] = ()
        rows: list[Row] = []
        for page in pages:
            columns = tuple(item["Name"] for item in page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"])
            rows += [_row(item) for item in page["ResultSet"]["Rows"]]
        return Result(columns, tuple(rows[1:]))

    def lines(self, sql: str) -> list[str]:
        """What SHOW and the like give: no header, and a tab between the columns of a line."""
        pages = self.client.get_paginator("get_query_results").paginate(QueryExecutionId=self.run(sql))
        rows = [_row(item) for page in pages for item in page["ResultSet"]["Rows"]]
        return ["\t".join("" if cell is None else cell for cell in row) for row in rows]


def _row(item: dict[str, Any]) -> Row:
    return tuple(cell.get("VarCharValue") for cell in item["Data"])
