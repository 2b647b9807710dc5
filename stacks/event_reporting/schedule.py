"""The monthly start: a rule of EventBridge, the function that it calls, and where lost events are kept.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

from aws_cdk import CfnResource
from constructs import Construct

from stacks.common.dead_letter_queue import DeadLetterQueue
from stacks.common.python_function import PythonFunction

SCHEDULE = "cron(0 8 1 * ? *)"
"""At 8:00 UTC on the first day of each month."""
_HOURS_TO_TRY = 6


def add_schedule(
    scope: Construct, *, rule: str, function: PythonFunction, dead_letters: DeadLetterQueue
) -> None:
    """The rule calls the function; what the two do not get done within six hours is kept in the queue."""
    seconds = _HOURS_TO_TRY * 3600
    schedule = CfnResource(
        scope,
        "Schedule",
        type="AWS::Events::Rule",
        properties={
            "Name": rule,
            "Description": "Starts the report of the month that has ended",
            "ScheduleExpression": SCHEDULE,
            "State": "ENABLED",
            "Targets": [
                {
                    "Id": "StartWorkflow",
                    "Arn": function.arn,
                    "RetryPolicy": {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": seconds},
                    "DeadLetterConfig": {"Arn": dead_letters.arn},
                }
            ],
        },
    )
    CfnResource(
        scope,
        "SchedulePermission",
        type="AWS::Lambda::Permission",
        properties={
            "Action": "lambda:InvokeFunction",
            "FunctionName": function.ref,
            "Principal": "events.amazonaws.com",
            "SourceArn": schedule.get_att("Arn"),
        },
    )
    CfnResource(
        scope,
        "StartWorkflowRetries",
        type="AWS::Lambda::EventInvokeConfig",
        properties={
            "FunctionName": function.ref,
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 2,
            "MaximumEventAgeInSeconds": seconds,
            "DestinationConfig": {"OnFailure": {"Destination": dead_letters.arn}},
        },
    )
