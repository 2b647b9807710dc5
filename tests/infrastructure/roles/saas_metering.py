"""What each role of saas_metering may do, and the service that it serves."""

from __future__ import annotations

BUCKET = "s3:apigw-access-log-to-firehose-{region}-{account}"
LOG = "glue:table/mydatabase/restapi_access_log_json"
MERGED = "glue:table/mydatabase/restapi_access_log_parquet"
MADE = f"{MERGED}_tmp_*"
CATALOG, DATABASE = "glue:catalog", "glue:database/mydatabase"


def _function(name: str) -> dict[str, tuple[list[str], list[str]]]:
    return {
        "WriteLog": (["logs:CreateLogStream", "logs:PutLogEvents"], [f"{name}Log.Arn"]),
        "WriteTraces": (["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
    }


ROLES: dict[str, dict[str, tuple[list[str], list[str]]]] = {
    "RestApiAccessLogToS3/DeliveryStreamRole": {
        "WriteObjects": (
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            [f"{BUCKET}/error/year=*", f"{BUCKET}/json-data/year=*"],
        ),
        "UseBucket": (["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [BUCKET]),
        "WriteErrorLog": (["logs:PutLogEvents"], ["Log.Arn"]),
    },
    "RandomGenApiGw/RandomStringsFunctionRole": _function("RandomStringsFunction"),
    "RestApiAccessLogMergeSmallFiles/MergeFunctionRole": {
        **_function("MergeFunction"),
        "Query": (
            ["athena:GetQueryExecution", "athena:StartQueryExecution", "athena:StopQueryExecution"],
            ["athena:workgroup/SaaSMeteringDemo"],
        ),
        "ReadCatalog": (
            [
                "glue:BatchGetPartition",
                "glue:GetDatabase",
                "glue:GetPartition",
                "glue:GetPartitions",
                "glue:GetTable",
            ],
            [CATALOG, "glue:database/default", DATABASE, LOG, MERGED, MADE],
        ),
        "FindTablesOfKilledRuns": (["glue:GetTables"], [CATALOG, DATABASE, "glue:table/mydatabase/*"]),
        "AddHoursOfLog": (["glue:CreatePartition"], [CATALOG, DATABASE, LOG]),
        "SwapMergedHours": (["glue:CreatePartition", "glue:UpdatePartition"], [CATALOG, DATABASE, MERGED]),
        "CreateTableAs": (["glue:CreateTable", "glue:DeleteTable"], [CATALOG, DATABASE, MADE]),
        "ListBucket": (["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [BUCKET]),
        "ReadLog": (["s3:GetObject"], [f"{BUCKET}/json-data/*"]),
        "WriteMerged": (
            [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ],
            [f"{BUCKET}/parquet-data/*"],
        ),
        "WriteResults": (
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
            [f"{BUCKET}/athena-results/*"],
        ),
        "UseLakeFormation": (["lakeformation:GetDataAccess"], ["*"]),
    },
}
SERVICES: dict[str, str] = {
    "RestApiAccessLogToS3/DeliveryStreamRole": "firehose.amazonaws.com",
    "RandomGenApiGw/RandomStringsFunctionRole": "lambda.amazonaws.com",
    "RestApiAccessLogMergeSmallFiles/MergeFunctionRole": "lambda.amazonaws.com",
}
