"""What each role of app_analytics may do, and the service that it serves."""

from __future__ import annotations

BUCKET = "s3:app-analytics-{region}-{account}"
DATABASE = "serverless-app-analytics-database"
CATALOG = ["glue:catalog", f"glue:database/{DATABASE}", f"glue:table/{DATABASE}/firehose"]

ROLES: dict[str, dict[str, tuple[list[str], list[str]]]] = {
    "AppAnalyticsDelivery/DeliveryStreamRole": {
        "WriteObjects": (
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            [f"{BUCKET}/error/*", f"{BUCKET}/raw/firehose/*"],
        ),
        "UseBucket": (["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [BUCKET]),
        "WriteErrorLog": (["logs:PutLogEvents"], ["Log.Arn"]),
    },
    "AppAnalyticsCatalog/CrawlerRole": {
        "ReadRawEvents": (["s3:GetObject"], [f"{BUCKET}/raw/firehose/*"]),
        "ListBucket": (["s3:GetBucketLocation", "s3:ListBucket"], [BUCKET]),
        "DescribeTable": (
            [
                "glue:BatchCreatePartition",
                "glue:BatchGetPartition",
                "glue:BatchUpdatePartition",
                "glue:CreatePartition",
                "glue:CreateTable",
                "glue:GetDatabase",
                "glue:GetPartition",
                "glue:GetPartitions",
                "glue:GetTable",
                "glue:GetTables",
                "glue:UpdatePartition",
                "glue:UpdateTable",
            ],
            CATALOG,
        ),
        "WriteLog": (
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            ["logs:log-group:/aws-glue/crawlers", "logs:log-group:/aws-glue/crawlers:*"],
        ),
        "UseLakeFormation": (["lakeformation:GetDataAccess"], ["*"]),
    },
    "AppAnalyticsDashboard/AccountLogRole": {},
    "AppAnalyticsDashboard/DashboardPageFunctionRole": {
        "WriteLog": (["logs:CreateLogStream", "logs:PutLogEvents"], ["DashboardPageFunctionLog9309191B.Arn"]),
        "WriteTraces": (["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
    },
    "AppAnalyticsDashboard/DashboardQueriesFunctionRole": {
        "WriteLog": (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            ["DashboardQueriesFunctionLog68CF4E75.Arn"],
        ),
        "WriteTraces": (["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
        "AskInWorkGroup": (
            ["athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution"],
            ["athena:workgroup/app-analytics-dashboard"],
        ),
        "ReadCatalog": (
            ["glue:BatchGetPartition", "glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"],
            CATALOG,
        ),
        "AthenaAsksForDefault": (["glue:GetDatabase"], ["glue:database/default"]),
        "UseLakeFormation": (["lakeformation:GetDataAccess"], ["*"]),
        "ReadData": (["s3:GetObject"], [f"{BUCKET}/raw/firehose/*"]),
        "UseBucket": (["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [BUCKET]),
        "KeepAnswers": (
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
            [f"{BUCKET}/athena-results/dashboard/*"],
        ),
    },
}

SERVICES = {
    "AppAnalyticsDashboard/AccountLogRole": "apigateway.amazonaws.com",
    "AppAnalyticsDashboard/DashboardPageFunctionRole": "lambda.amazonaws.com",
    "AppAnalyticsDashboard/DashboardQueriesFunctionRole": "lambda.amazonaws.com",
    "AppAnalyticsDelivery/DeliveryStreamRole": "firehose.amazonaws.com",
    "AppAnalyticsCatalog/CrawlerRole": "glue.amazonaws.com",
}
