"""The state GetQueryStatus: looks how far the query is.

https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryExecution.html
"""

from typing import Any

from lambdas.common.telemetry import write_line
from lambdas.event_reporting.aws import client
from lambdas.event_reporting.check_query.logic import checked


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: what StartQuery, or the check before, answered."""
    query_execution_id = event["queryExecutionId"]
    answer = client("athena").get_query_execution(QueryExecutionId=query_execution_id)
    query = checked(event, answer["QueryExecution"])
    write_line(
        {
            "level": "INFO",
            "message": "query checked",
            "requestId": context.aws_request_id,
            "queryExecutionId": query_execution_id,
            "state": query["state"],
        }
    )
    return query
