"""What somebody must look at though no mail says so; docs/systems/event_reporting.md tells what to do.

https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
"""

from __future__ import annotations

from stacks.common.alarms import Alarm
from stacks.common.metrics import Expression, Metric

RUNBOOK = "docs/systems/event_reporting.md"
_LATE_AFTER_SECONDS = 1800
"""Twice the longest buffering interval."""


def alarms(*, state_machine_arn: str, dead_letters: str, delivery_stream: str) -> list[Alarm]:
    stream = {"DeliveryStreamName": delivery_stream}
    return [
        Alarm(
            "report-not-started",
            "The schedule's event could not start a report; it is kept in the dead-letter queue.",
            "Read the log of start-workflow, then start the report by hand.",
            Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": dead_letters}, "Maximum"),
            1,
        ),
        Alarm(
            "report-failed",
            "An execution of the state machine failed, timed out or was aborted.",
            "The mail of the topic says why; without a mail, the execution's history does.",
            _unsuccessful(state_machine_arn),
            1,
        ),
        Alarm(
            "events-not-converted",
            "Events are no JSON, or do not fit the table's columns.",
            "Read errorMessage of the objects in the error folder of the events bucket.",
            Metric("AWS/Firehose", "FailedConversion.Records", stream),
            1,
        ),
        Alarm(
            "events-late",
            f"The oldest event in the delivery stream has waited for {_LATE_AFTER_SECONDS // 60} minutes.",
            "Read the delivery stream's error log: the role, the bucket and the table are what it needs.",
            Metric("AWS/Firehose", "DeliveryToS3.DataFreshness", stream, "Maximum"),
            _LATE_AFTER_SECONDS,
        ),
    ]


def _unsuccessful(state_machine_arn: str) -> Expression:
    endings = {"failed": "ExecutionsFailed", "late": "ExecutionsTimedOut", "aborted": "ExecutionsAborted"}
    series = {
        id: Metric("AWS/States", name, {"StateMachineArn": state_machine_arn}) for id, name in endings.items()
    }
    return Expression(" + ".join(f"FILL({id}, 0)" for id in series), series)
