"""A statement run by Athena, waited for by its status.

https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecutionStatus.html
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
TO_STOP_IN = 20.0
"""Seconds of the run's time that are kept for ending well."""


class QueryError(Exception):
    """A statement that did not succeed; its text says why."""


@dataclass(frozen=True)
class Athena:
    """`seconds_left`: how long the run may still take. `pause` waits between two looks at a status."""

    client: Any
    work_group: str
    seconds_left: Callable[[], float]
    pause: Callable[[float], None]

    def run(self, sql: str, parameters: Sequence[str], database: str) -> None:
        """Returns when the statement has succeeded.

        Raises:
            QueryError: it failed, was cancelled, or did not end in time and was stopped.
        """
        id = self.client.start_query_execution(
            QueryString=sql,
            ExecutionParameters=list(parameters),
            QueryExecutionContext={"Database": database},
            WorkGroup=self.work_group,
        )["QueryExecutionId"]
        seconds = FIRST_PAUSE
        while (status := self._status(id))["State"] in ("QUEUED", "RUNNING"):
            if self.seconds_left() < TO_STOP_IN + seconds:
                self.client.stop_query_execution(QueryExecutionId=id)
                raise QueryError(f"query {id} was stopped: the run had no time left")
            self.pause(seconds)
            seconds = min(2 * seconds, LONGEST_PAUSE)
        if status["State"] != "SUCCEEDED":
            raise QueryError(
                f"query {id} {status['State']}: {status.get('StateChangeReason', 'no reason given')}"
            )

    def _status(self, id: str) -> dict[str, Any]:
        execution: dict[str, Any] = self.client.get_query_execution(QueryExecutionId=id)["QueryExecution"]
        return dict(execution["Status"])
