"""The states SendReport and ReportFailure: publishes the report, or why there is none.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

import os
from functools import cache
from typing import Any

from lambdas.common.telemetry import write_line
from lambdas.event_reporting.aws import client
from lambdas.event_reporting.send_report.failure import failure
from lambdas.event_reporting.send_report.logic import report
from lambdas.event_reporting.send_report.result import FIRST_ROWS, read_result
from lambdas.event_reporting.send_report.settings import Settings
from lambdas.event_reporting.send_report.text import Mail


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """`event`: what GetQueryStatus answered last, or the failure; nothing of the mail is logged."""
    mail = failure(event, region=settings().aws_region) if "failure" in event else _report_of_query(event)
    published = client("sns").publish(TopicArn=settings().topic_arn, Subject=mail.subject, Message=mail.text)
    answer = {"messageId": published["MessageId"]}
    write_line({"level": "INFO", "message": "mail published", "requestId": context.aws_request_id, **answer})
    return answer


def _report_of_query(query: dict[str, Any]) -> Mail:
    answer = client("athena").get_query_results(
        QueryExecutionId=query["queryExecutionId"], MaxResults=FIRST_ROWS
    )
    return report(
        query,
        read_result(answer["ResultSet"]["Rows"]),
        region=settings().aws_region,
        expire_after_days=settings().results_expire_after_days,
    )


@cache
def settings() -> Settings:
    return Settings.load(os.environ)
