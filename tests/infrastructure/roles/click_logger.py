"""What each role of click_logger may do, and the service that it serves."""

from __future__ import annotations

BUCKET = "s3:click-logger-{region}-{account}"


def _function(name: str) -> dict[str, tuple[list[str], list[str]]]:
    return {
        "WriteLog": (["logs:CreateLogStream", "logs:PutLogEvents"], [f"{name}Log.Arn"]),
        "WriteTraces": (["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
    }


ROLES: dict[str, dict[str, tuple[list[str], list[str]]]] = {
    "ClickLoggerApi/AccountLogRole": {},
    "ClickLoggerApi/AuthorizerRole": {
        **_function("Authorizer"),
        "ReadTokens": (["secretsmanager:GetSecretValue"], ["Tokens"]),
    },
    "ClickLoggerApi/IngestRole": {
        **_function("Ingest"),
        "PutClicks": (
            ["firehose:PutRecord"],
            ["firehose:deliverystream/click-logger-firehose-delivery-stream"],
        ),
    },
    "ClickLoggerDelivery/ConsumerRole": {
        **_function("Consumer"),
        "WriteItems": (["dynamodb:BatchWriteItem"], ["dynamodb:table/click-logger-table"]),
        "KeepDeadLetters": (["s3:PutObject"], [f"{BUCKET}/clicklog_dead_letters/*"]),
    },
    "ClickLoggerDelivery/DeliveryStreamRole": {
        "WriteObjects": (
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            [f"{BUCKET}/clicklog/data=*", f"{BUCKET}/clicklog_error/*"],
        ),
        "UseBucket": (["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [BUCKET]),
        "WriteErrorLog": (["logs:PutLogEvents"], ["Log.Arn"]),
        "ReadSchema": (
            ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"],
            ["glue:catalog", "glue:database/click_logger_db", "glue:table/click_logger_db/click_log"],
        ),
        "Transform": (
            ["lambda:GetFunctionConfiguration", "lambda:InvokeFunction"],
            ["lambda:function:click-logger-consumer:*"],
        ),
    },
}
SERVICES: dict[str, str] = {
    "ClickLoggerApi/AccountLogRole": "apigateway.amazonaws.com",
    "ClickLoggerApi/AuthorizerRole": "lambda.amazonaws.com",
    "ClickLoggerApi/IngestRole": "lambda.amazonaws.com",
    "ClickLoggerDelivery/ConsumerRole": "lambda.amazonaws.com",
    "ClickLoggerDelivery/DeliveryStreamRole": "firehose.amazonaws.com",
}
