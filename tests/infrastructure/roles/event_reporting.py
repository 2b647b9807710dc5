"""What each role of event_reporting may do, and the service that it serves."""

from __future__ import annotations

PLACE = "dev-reporting-{region}-{account}"
EVENTS, RESULTS = f"s3:events-{PLACE}", f"s3:results-{PLACE}"
TABLE = ["glue:catalog", "glue:database/event_reporting", "glue:table/event_reporting/events"]
WORK_GROUP = "athena:workgroup/event-report-dev-reporting"


def function(
    name: str, permissions: dict[str, tuple[list[str], list[str]]]
) -> dict[str, tuple[list[str], list[str]]]:
    """A function's own log and traces, and what it may do besides."""
    return {
        "WriteLog": (["logs:CreateLogStream", "logs:PutLogEvents"], [f"{name}FunctionLog.Arn"]),
        "WriteTraces": (["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
        **permissions,
    }


ROLES: dict[str, dict[str, tuple[list[str], list[str]]]] = {
    "EventReportingDelivery/DeliveryStreamRole": {
        "WriteObjects": (
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            [f"{EVENTS}/error/*", f"{EVENTS}/events/dt=*"],
        ),
        "UseBucket": (["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [EVENTS]),
        "WriteErrorLog": (["logs:PutLogEvents"], ["Log.Arn"]),
        "ReadSchema": (["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"], TABLE),
    },
    "EventReportingReport/StartQueryFunctionRole": function(
        "StartQuery",
        {
            "StartQuery": (["athena:StartQueryExecution"], [WORK_GROUP]),
            "ReadTable": (["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"], TABLE),
            "AthenaAsksForDefault": (["glue:GetDatabase"], ["glue:database/default"]),
            "ReadEvents": (["s3:GetObject"], [f"{EVENTS}/events/*"]),
            "UseBuckets": (["s3:GetBucketLocation", "s3:ListBucket"], [EVENTS, RESULTS]),
            "WriteResult": (
                ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
                [f"{RESULTS}/results/*"],
            ),
        },
    ),
    "EventReportingReport/CheckQueryFunctionRole": function(
        "CheckQuery", {"CheckQuery": (["athena:GetQueryExecution"], [WORK_GROUP])}
    ),
    "EventReportingReport/SendReportFunctionRole": function(
        "SendReport",
        {
            "AskForResult": (["athena:GetQueryResults"], [WORK_GROUP]),
            "ReadResult": (["s3:GetObject"], [f"{RESULTS}/results/*"]),
            "Publish": (["sns:Publish"], ["Topic"]),
        },
    ),
    "EventReportingReport/StartWorkflowFunctionRole": function(
        "StartWorkflow",
        {
            "StartReport": (["states:StartExecution"], ["StateMachine"]),
            "KeepWhatFailed": (["sqs:SendMessage"], ["DeadLetters.Arn"]),
        },
    ),
    "EventReportingReport/StateMachineRole": {
        "CallFunctions": (
            ["lambda:InvokeFunction"],
            ["CheckQueryFunction.Arn", "SendReportFunction.Arn", "StartQueryFunction.Arn"],
        ),
        "StopQuery": (["athena:StopQueryExecution"], [WORK_GROUP]),
        "DeliverLog": (
            [
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ],
            ["*"],
        ),
        "WriteTraces": (
            [
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ],
            ["*"],
        ),
    },
}

SERVICES = {
    "EventReportingDelivery/DeliveryStreamRole": "firehose.amazonaws.com",
    "EventReportingReport/StartQueryFunctionRole": "lambda.amazonaws.com",
    "EventReportingReport/CheckQueryFunctionRole": "lambda.amazonaws.com",
    "EventReportingReport/SendReportFunctionRole": "lambda.amazonaws.com",
    "EventReportingReport/StartWorkflowFunctionRole": "lambda.amazonaws.com",
    "EventReportingReport/StateMachineRole": "states.amazonaws.com",
}
