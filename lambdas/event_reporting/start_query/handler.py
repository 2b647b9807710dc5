"""The state StartQuery: checks the period and starts the report's query.

https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

from lambdas.common.telemetry import write_line
from lambdas.event_reporting.aws import client
from lambdas.event_reporting.period import parse_period
from lambdas.event_reporting.start_query.logic import query_request, started
from lambdas.event_reporting.start_query.settings import Settings

SQL = Path(__file__).parents[3] / "sql" / "event_reporting" / "jobs" / "report.sql"


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the execution's `input`, whatever it is, and its ARN, `execution`."""
    period = parse_period(event["input"], longest_in_days=settings().longest_period_in_days)
    request = query_request(
        period,
        SQL.read_text(encoding="utf-8"),
        execution=event["execution"],
        database=settings().database_name,
        work_group=settings().work_group,
    )
    query_execution_id = client("athena").start_query_execution(**request)["QueryExecutionId"]
    answer = started(period, query_execution_id, checks=settings().query_checks)
    write_line({"level": "INFO", "message": "query started", "requestId": context.aws_request_id, **answer})
    return answer


@cache
def settings() -> Settings:
    return Settings.load(os.environ)
