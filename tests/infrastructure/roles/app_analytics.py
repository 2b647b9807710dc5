"""What each role of app_analytics may do, and the service that it serves."""

from __future__ import annotations

BUCKET = "s3:app-analytics-{region}-{account}"
DATABASE = "serverless-app-analytics-database"
CATALOG = ["glue:catalog", f"glue:database/{DATABASE}", f"glue:table/{DATABASE}/firehose"]

ROLES: dict[str, dict[str, tuple[list[str], list[str]]]] = {
    "AppAnalyticsDelivery/DeliveryStreamRole": {
        "WriteObjects": (
            ["s3:AbortMultipartUpload", "s3:PutObject"],
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
}

SERVICES = {
    "AppAnalyticsDelivery/DeliveryStreamRole": "firehose.amazonaws.com",
    "AppAnalyticsCatalog/CrawlerRole": "glue.amazonaws.com",
}
