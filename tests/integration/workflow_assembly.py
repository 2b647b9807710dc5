"""A small hand-made assembly: state machines that poll a function and publish to a topic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.integration.stateful_assembly import write_assembly

CODE = """
import pathlib
import time


class QueryFailed(Exception):
    pass


def handler(event, context):
    if event["do"] == "poll":
        polls = event.get("polls", 0) + 1
        return {**event, "polls": polls, "state": "SUCCEEDED" if polls == 3 else "RUNNING"}
    if event["do"] == "hold":
        pathlib.Path(event["marker"]).open("a").write("x")
        while not pathlib.Path(event["gate"]).exists():
            time.sleep(0.02)
        return event
    if event["do"] == "sleep":
        print("asleep")
        time.sleep(25)
    if event["do"] == "echo":
        return event
    raise QueryFailed(f"no such thing: {event['do']}")
"""


def get_arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def role(service: str, *statements: dict[str, Any]) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policy = {"PolicyName": "all", "PolicyDocument": {"Statement": list(statements)}}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Statement": [trust]},
            "Policies": [policy] if statements else [],
        },
    }


def allow(action: str, resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def call(**fields: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "${Worker}", "Payload.$": "$"},
        "OutputPath": "$.Payload",
        **fields,
    }


POLLING: dict[str, Any] = {
    "StartAt": "GetQueryStatus",
    "States": {
        "GetQueryStatus": call(
            Next="CheckQueryStatus",
            Retry=[{"ErrorEquals": ["QueryFailed"], "IntervalSeconds": 20, "MaxAttempts": 1}],
            Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}],
        ),
        "CheckQueryStatus": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.state", "StringEquals": "SUCCEEDED", "Next": "SendReport"}],
            "Default": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 30, "Next": "GetQueryStatus"},
        "SendReport": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Parameters": {
                "TopicArn": "${Topic}",
                "Subject": "Report",
                "Message.$": "States.Format('{} polls', $.polls)",
            },
            "ResultSelector": {"message.$": "$.MessageId"},
            "Next": "Done",
        },
        "Done": {"Type": "Succeed"},
        "Failed": {"Type": "Fail", "ErrorPath": "$.error.Error", "CausePath": "$.error.Cause"},
    },
}
ENDLESS: dict[str, Any] = {
    "StartAt": "Publish",
    "States": {
        "Publish": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Parameters": {"TopicArn": "${Topic}", "Message": "again"},
            "Next": "Publish",
        }
    },
}
HOLDING = {"StartAt": "Hold", "States": {"Hold": call(Next="After"), "After": {"Type": "Pass", "End": True}}}


def _machine(definition: dict[str, Any], name: str, role_name: str = "WorkflowRole") -> dict[str, Any]:
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": name,
            "Definition": definition,
            "DefinitionSubstitutions": {"Worker": get_arn("Worker"), "Topic": {"Ref": "Topic"}},
            "RoleArn": get_arn(role_name),
        },
    }


ENDLESS_MACHINE = _machine(ENDLESS, "endless")


def _rule(name: str, target: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {"Name": name, "ScheduleExpression": "cron(0 8 1 * ? *)", "Targets": [target]},
    }


RESOURCES: dict[str, Any] = {
    "WorkerRole": role("lambda.amazonaws.com"),
    "Worker": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": "worker",
            "Handler": "index.handler",
            "Runtime": "python3.14",
            "Timeout": 30,
            "Role": get_arn("WorkerRole"),
            "Code": {"ZipFile": CODE},
        },
    },
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "reports"}},
    "WorkflowRole": role(
        "states.amazonaws.com",
        allow("lambda:InvokeFunction", get_arn("Worker")),
        allow("sns:Publish", {"Ref": "Topic"}),
    ),
    "EventsRole": role("events.amazonaws.com", allow("states:StartExecution", {"Ref": "Polling"})),
    "Failed": {
        "Type": "AWS::SQS::Queue",
        "Properties": {"QueueName": "failed", "SqsManagedSseEnabled": True},
    },
    "Retries": {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {
            "FunctionName": {"Ref": "Worker"},
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 1,
            "DestinationConfig": {"OnFailure": {"Destination": get_arn("Failed")}},
        },
    },
    "Monthly": _rule(
        "monthly-report",
        {
            "Id": "machine",
            "Arn": {"Ref": "Polling"},
            "RoleArn": get_arn("EventsRole"),
            "Input": '{"do": "poll"}',
        },
    ),
    "Hourly": _rule(
        "hourly-merge",
        {
            "Id": "function",
            "Arn": get_arn("Worker"),
            "InputTransformer": {
                "InputPathsMap": {"time": "$.time"},
                "InputTemplate": '{"do": "echo", "at": <time>}',
            },
        },
    ),
    "Broken": _rule("broken", {"Id": "function", "Arn": get_arn("Worker"), "Input": '{"do": "fail"}'}),
    "Slow": _rule("slow", {"Id": "function", "Arn": get_arn("Worker"), "Input": '{"do": "sleep"}'}),
    "Stranger": _rule("stranger", {"Id": "function", "Arn": get_arn("Worker")}),
    **{
        f"Permit{name}": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": {"Ref": "Worker"},
                "Principal": "events.amazonaws.com",
                "SourceArn": get_arn(name),
            },
        }
        for name in ("Hourly", "Broken", "Slow")
    },
    "PoorRole": role("states.amazonaws.com"),
    "Polling": _machine(POLLING, "polling"),
    "Holding": _machine(HOLDING, "holding"),
    "Poor": _machine(HOLDING, "poor", "PoorRole"),
}


def write_workflows(directory: Path, **more: dict[str, Any]) -> Path:
    return write_assembly(directory, {**RESOURCES, **more}, {})
