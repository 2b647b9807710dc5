"""One query of Athena from its start to its rows.

https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lambdas.common.aws_client import is_passing
from lambdas.dashboard.query.logic import Question, QuestionError, Value, read_rows

MAX_ROWS = 20_000
_FIRST_WAIT, _LONGEST_WAIT, _FACTOR = 0.05, 1.0, 1.5
_NOT_FOUND, _BAD_GATEWAY, _UNAVAILABLE, _TIMEOUT = 404, 502, 503, 504


@dataclass(frozen=True)
class Table:
    """A result: its columns' names, its rows as JSON has them."""

    columns: list[str]
    rows: list[list[Value]]
    scanned_bytes: int


class Athena:
    """Asks in one workgroup, of one database."""

    def __init__(self, client: Any, *, work_group: str, database: str) -> None:
        self._client = client
        self._work_group = work_group
        self._database = database

    def answer(self, question: Question, *, token: str, deadline: float) -> Table:
        """The result; whoever asks with the same token meanwhile gets the same execution.

        Args:
            deadline: by `time.monotonic()`; a query that is not done by then goes on, and can be asked again.

        Raises:
            QuestionError: the query failed, Athena has no room for it, or the time is up.
        """
        try:
            execution = self._client.start_query_execution(
                QueryString=question.sql,
                ExecutionParameters=question.parameters,
                ClientRequestToken=token,
                QueryExecutionContext={"Database": self._database},
                WorkGroup=self._work_group,
            )["QueryExecutionId"]
            scanned = self._wait(execution, deadline)
            return self._read(execution, scanned)
        except ClientError as error:
            if not is_passing(error):
                raise
            message = "Athena has too much to do at the moment; ask again soon"
            raise QuestionError(message, _UNAVAILABLE) from error

    def _wait(self, execution: str, deadline: float) -> int:
        """Bytes that the query scanned."""
        wait = _FIRST_WAIT
        while True:
            found = self._client.get_query_execution(QueryExecutionId=execution)["QueryExecution"]
            status = found["Status"]
            match status["State"]:
                case "SUCCEEDED":
                    return int(found["Statistics"].get("DataScannedInBytes", 0))
                case "FAILED" | "CANCELLED":
                    raise _failure(status)
            if time.monotonic() + wait > deadline:
                raise QuestionError("The query is still running; ask again in a moment", _TIMEOUT)
            time.sleep(wait)
            wait = min(wait * _FACTOR, _LONGEST_WAIT)

    def _read(self, execution: str, scanned: int) -> Table:
        """The first row of the first page repeats the columns' names."""
        columns: list[dict[str, Any]] = []
        texts: list[list[str | None]] = []
        pages = self._client.get_paginator("get_query_results").paginate(QueryExecutionId=execution)
        for page in pages:
            columns = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            texts += [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
            if len(texts) > MAX_ROWS:
                raise QuestionError(f"The query has more than {MAX_ROWS} rows", _BAD_GATEWAY)
        rows = read_rows([column["Type"] for column in columns], texts[1:])
        return Table([column["Name"] for column in columns], rows, scanned)


def _failure(status: Mapping[str, Any]) -> QuestionError:
    reason = str(status.get("StateChangeReason", "no reason given"))
    if "TABLE_NOT_FOUND" in reason:
        return QuestionError("There is no data yet: the table comes with it.", _NOT_FOUND, "NO_TABLE_YET")
    return QuestionError(f"The query {status['State'].lower()}: {reason}", _BAD_GATEWAY)
