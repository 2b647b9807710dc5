"""The query of a report as Athena is asked, and what the state machine remembers of it.

https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

from datetime import date
from hashlib import sha256
from typing import Any

from lambdas.event_reporting.period import DAY, Period


def query_request(
    period: Period, sql: str, *, execution: str, database: str, work_group: str
) -> dict[str, Any]:
    """The arguments of `start_query_execution`.

    The execution of the state machine is the token: a second try gets the query of the first.
    """
    return {
        "QueryString": sql,
        "ExecutionParameters": parameters(period),
        "QueryExecutionContext": {"Database": database},
        "WorkGroup": work_group,
        "ClientRequestToken": sha256(execution.encode()).hexdigest(),
    }


def parameters(period: Period) -> list[str]:
    """The values of the `?` in sql/event_reporting/jobs/report.sql, in their order.

    Events arrive after they happened, however late, so that partitions have no upper bound; the day more at
    the lower one is for producers whose clocks are ahead.
    """
    before = period.before
    return [_literal(day) for day in (before.start - DAY, before.start, period.after, period.start)]


def _literal(day: date) -> str:
    return f"'{day.isoformat()}'"


def started(period: Period, query_execution_id: str, *, checks: int) -> dict[str, Any]:
    """What the states after StartQuery work on."""
    return {
        "queryExecutionId": query_execution_id,
        "startDate": period.start.isoformat(),
        "endDate": period.end.isoformat(),
        "startDateBefore": period.before.start.isoformat(),
        "endDateBefore": period.before.end.isoformat(),
        "checksLeft": checks,
    }
