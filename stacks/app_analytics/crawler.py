"""The crawler that finds columns and partitions in the raw events.

https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-glue-crawler.html
"""

from __future__ import annotations

import json

from aws_cdk import CfnResource, Stack
from aws_cdk.aws_iam import ServicePrincipal

from stacks.app_analytics.config import Catalog
from stacks.app_analytics.names import CRAWLER, DATABASE, RAW_FOLDER, Names
from stacks.common.acknowledgement import acknowledge
from stacks.common.iam import InlineRole, allow

_CONFIGURATION = {
    "Version": 1.0,
    # One table of that folder, whatever single files look like: the bucket is level 1.
    "Grouping": {
        "TableGroupingPolicy": "CombineCompatibleSchemas",
        "TableLevelConfiguration": 1 + len(RAW_FOLDER.split("/")),
    },
    # A partition with another struct than its table's could not be read by Athena.
    "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}},
    # Glue would make one unless it is told not to; Athena asks none that the table does not announce.
    # https://docs.aws.amazon.com/glue/latest/dg/crawler-configure-partition-indexes.html
    "CreatePartitionIndex": False,
}


def add_crawler(stack: Stack, names: Names, settings: Catalog) -> CfnResource:
    """Looks at all objects each time, so that a field that joins an hour's later files is found, too."""
    crawler = CfnResource(
        stack,
        "Crawler",
        type="AWS::Glue::Crawler",
        properties={
            "Name": CRAWLER,
            "Description": "Columns and partitions of the raw app events",
            "DatabaseName": DATABASE,
            "Role": _role(stack, names).role_arn,
            "Targets": {"S3Targets": [{"Path": names.raw_location}]},
            "Schedule": {"ScheduleExpression": _cron(settings.crawl_every_minutes)},
            "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
            "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
            "Configuration": json.dumps(_CONFIGURATION),
        },
    )
    acknowledge(
        crawler,
        "GL1",
        "The crawler's log, which CloudWatch encrypts anyway, names columns and folders, no events; a "
        "security configuration would need a key of one's own.",
    )
    return crawler


def _cron(minutes: int) -> str:
    """https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html"""
    if minutes < 60:
        return f"cron(0/{minutes} * * * ? *)"
    return f"cron(0 0/{minutes // 60} * * ? *)" if minutes < 1440 else "cron(0 0 * * ? *)"


def _role(stack: Stack, names: Names) -> InlineRole:
    """What AWSGlueServiceRole allows on everything, on this bucket, database and table alone.

    https://docs.aws.amazon.com/glue/latest/dg/crawler-prereqs.html
    """
    log_group = f"{names.log_groups_arn}:/aws-glue/crawlers"
    return InlineRole(
        stack,
        "CrawlerRole",
        assumed_by=ServicePrincipal("glue.amazonaws.com"),
        description="Lets Glue read raw app events and describe them in the catalog",
        permissions={
            "ReadRawEvents": allow(
                ["s3:GetObject"], [names.raw_objects_arn], wildcard="Firehose names its objects itself."
            ),
            "ListBucket": allow(["s3:GetBucketLocation", "s3:ListBucket"], [names.bucket_arn]),
            "DescribeTable": allow(
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
                [names.catalog_arn, names.database_arn, names.table_arn],
            ),
            "WriteLog": allow(
                ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                [log_group, f"{log_group}:*"],
                wildcard="All crawlers of an account write to this log group; Glue names the log streams.",
            ),
            "UseLakeFormation": allow(
                ["lakeformation:GetDataAccess"], ["*"], wildcard="GetDataAccess knows no narrower resource."
            ),
        },
    )
