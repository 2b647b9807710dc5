"""What each role of web_analytics may do, and the service that it serves."""

from __future__ import annotations

GLUE_TABLE = [
    "glue:catalog",
    "glue:database/web_log_iceberg_db",
    "glue:table/web_log_iceberg_db/web_log_iceberg",
]
BUCKET = "s3:web-analytics-{region}-{account}"

ROLES = {
    "WebAnalyticsKdsProxyApiGw/KinesisRole": {
        "UseTheStream": (
            ["kinesis:DescribeStream", "kinesis:PutRecord", "kinesis:PutRecords"],
            ["kinesis:stream/PUT-Firehose-aEhWz"],
        ),
        "ListStreams": (["kinesis:ListStreams"], ["*"]),
    },
    "WebAnalyticsKdsProxyApiGw/AccountLogRole": {},
    "WebAnalyticsDataFirehoseToIcebergS3Path/OptimizerRole": {
        "RewriteTableFiles": (
            ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [f"{BUCKET}/web_log_iceberg_db/web_log_iceberg/*"],
        ),
        "ListBucket": (["s3:ListBucket"], [BUCKET]),
        "UpdateTable": (["glue:GetTable", "glue:UpdateTable"], GLUE_TABLE),
        "WriteLogs": (
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            ["logs:log-group:/aws-glue/iceberg-*", "logs:log-group:/aws-glue/iceberg-*:*"],
        ),
        "UseLakeFormation": (["lakeformation:GetDataAccess"], ["*"]),
    },
    "WebAnalyticsFirehoseDataTransformLambdaStack/TransformFunctionRole": {
        "WriteLog": (["logs:CreateLogStream", "logs:PutLogEvents"], ["TransformFunctionLog.Arn"]),
        "WriteTraces": (["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
    },
    "WebAnalyticsFirehoseToIcebergRoleStack/DeliveryRole": {
        "CommitToTable": (["glue:GetDatabase", "glue:GetTable", "glue:UpdateTable"], GLUE_TABLE),
        "WriteObjects": (
            [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetBucketLocation",
                "s3:GetObject",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:PutObject",
            ],
            [BUCKET, f"{BUCKET}/*"],
        ),
        "ReadStream": (
            [
                "kinesis:DescribeStream",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ],
            ["kinesis:stream/PUT-Firehose-aEhWz"],
        ),
        "Transform": (
            ["lambda:GetFunctionConfiguration", "lambda:InvokeFunction"],
            ["lambda:function:web-analytics-firehose-data-transform:*"],
        ),
        "WriteErrorLog": (
            ["logs:PutLogEvents"],
            ["logs:log-group:/aws/kinesisfirehose/web-analytics:log-stream:*"],
        ),
        "UseLakeFormation": (["lakeformation:GetDataAccess"], ["*"]),
    },
    "WebAnalyticsDashboard/AccountLogRole": {},
    "WebAnalyticsDashboard/DashboardPageFunctionRole": {
        "WriteLog": (["logs:CreateLogStream", "logs:PutLogEvents"], ["DashboardPageFunctionLog9309191B.Arn"]),
        "WriteTraces": (["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
    },
    "WebAnalyticsDashboard/DashboardQueriesFunctionRole": {
        "WriteLog": (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            ["DashboardQueriesFunctionLog68CF4E75.Arn"],
        ),
        "WriteTraces": (["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
        "AskInWorkGroup": (
            ["athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution"],
            ["athena:workgroup/web-analytics-dashboard"],
        ),
        "ReadCatalog": (
            ["glue:BatchGetPartition", "glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"],
            sorted([*GLUE_TABLE, "glue:table/web_log_iceberg_db/web_log_failed_records"]),
        ),
        "AthenaAsksForDefault": (["glue:GetDatabase"], ["glue:database/default"]),
        "UseLakeFormation": (["lakeformation:GetDataAccess"], ["*"]),
        "ReadData": (
            ["s3:GetObject"],
            [f"{BUCKET}/error/*", f"{BUCKET}/web_log_iceberg_db/web_log_iceberg/*"],
        ),
        "UseBucket": (["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [BUCKET]),
        "KeepAnswers": (
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
            [f"{BUCKET}/athena-results/dashboard/*"],
        ),
    },
}

SERVICES = {
    "WebAnalyticsDashboard/AccountLogRole": "apigateway.amazonaws.com",
    "WebAnalyticsDashboard/DashboardPageFunctionRole": "lambda.amazonaws.com",
    "WebAnalyticsDashboard/DashboardQueriesFunctionRole": "lambda.amazonaws.com",
    "WebAnalyticsKdsProxyApiGw/KinesisRole": "apigateway.amazonaws.com",
    "WebAnalyticsKdsProxyApiGw/AccountLogRole": "apigateway.amazonaws.com",
    "WebAnalyticsDataFirehoseToIcebergS3Path/OptimizerRole": "glue.amazonaws.com",
    "WebAnalyticsFirehoseDataTransformLambdaStack/TransformFunctionRole": "lambda.amazonaws.com",
    "WebAnalyticsFirehoseToIcebergRoleStack/DeliveryRole": "firehose.amazonaws.com",
}
