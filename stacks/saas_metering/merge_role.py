"""What the merge may do: query the log, write the merged table, and set the hours' partitions to it.

https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html
"""

from __future__ import annotations

from collections.abc import Mapping

from stacks.common.iam import Permission, allow
from stacks.saas_metering.config import ATHENA_RESULTS, MergeSmallFiles
from stacks.saas_metering.names import Names


def merge_permissions(names: Names, tables: MergeSmallFiles) -> Mapping[str, Permission]:
    databases = [names.database_arn(tables.OLD_DATABASE)]
    if tables.NEW_DATABASE != tables.OLD_DATABASE:
        databases.append(names.database_arn(tables.NEW_DATABASE))
    made = names.table_arn(tables.NEW_DATABASE, f"{tables.NEW_TABLE_NAME}_tmp_*")
    each_run = "Each run's own table has a name that begins so and ends with the run's."
    return {
        "Query": allow(
            ["athena:GetQueryExecution", "athena:StartQueryExecution", "athena:StopQueryExecution"],
            [names.work_group_arn],
        ),
        "ReadCatalog": allow(
            [
                "glue:BatchGetPartition",
                "glue:GetDatabase",
                "glue:GetPartition",
                "glue:GetPartitions",
                "glue:GetTable",
            ],
            [
                names.catalog_arn,
                names.database_arn("default"),  # Athena asks for it with any query
                *databases,
                names.old_table_arn,
                names.new_table_arn,
                made,
            ],
            wildcard=each_run,
        ),
        "FindTablesOfKilledRuns": allow(
            ["glue:GetTables"],
            [names.catalog_arn, databases[-1], names.table_arn(tables.NEW_DATABASE, "*")],
            wildcard="GetTables answers for a whole database; the merge asks for its runs' own tables.",
        ),
        "AddHoursOfLog": allow(
            ["glue:CreatePartition"],
            [names.catalog_arn, databases[0], names.old_table_arn],
        ),
        "SwapMergedHours": allow(
            ["glue:CreatePartition", "glue:UpdatePartition"],
            [names.catalog_arn, databases[-1], names.new_table_arn],
        ),
        "CreateTableAs": allow(
            ["glue:CreateTable", "glue:DeleteTable"],
            [names.catalog_arn, databases[-1], made],
            wildcard=each_run,
        ),
        "ListBucket": allow(
            ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [names.bucket_arn]
        ),
        "ReadLog": allow(
            ["s3:GetObject"], [names.folder_arn(names.json_folder)], wildcard="The log's own folder."
        ),
        "WriteMerged": allow(
            [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ],
            [names.folder_arn(names.parquet_folder)],
            wildcard="The merged table's own folder: Athena names its files.",
        ),
        "WriteResults": allow(
            [
                "s3:AbortMultipartUpload",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ],
            [names.folder_arn(ATHENA_RESULTS)],
            wildcard="Athena names the objects of its results.",
        ),
        "UseLakeFormation": allow(
            ["lakeformation:GetDataAccess"], ["*"], wildcard="GetDataAccess knows no narrower resource."
        ),
    }
