"""EventBridge calls this on the first day of each month: it starts the report of the month before.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

import os
from functools import cache
from typing import Any

from lambdas.common.telemetry import write_line
from lambdas.event_reporting.aws import client
from lambdas.event_reporting.start_workflow.logic import execution_request
from lambdas.event_reporting.start_workflow.settings import Settings


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, object]:
    request = execution_request(event, settings().state_machine_arn)
    states = client("stepfunctions")
    try:
        states.start_execution(**request)
    except states.exceptions.ExecutionAlreadyExists:
        # EventBridge delivers at least once; after the report has ended, its name is still taken.
        started = False
    else:
        started = True
    answer: dict[str, object] = {"execution": request["name"], "started": started}
    message = "report started" if started else "report was started before"
    write_line({"level": "INFO", "message": message, "requestId": context.aws_request_id, **answer})
    return answer


@cache
def settings() -> Settings:
    return Settings.load(os.environ)
