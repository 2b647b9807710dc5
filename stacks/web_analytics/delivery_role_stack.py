"""The role with which Firehose reads the stream, calls the function and writes the table.

https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-iceberg
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from aws_cdk.aws_iam import ServicePrincipal
from constructs import Construct

from stacks.common.encryption import use_key_for_bucket, use_key_for_stream
from stacks.common.iam import InlineRole, Permission, allow
from stacks.common.stack import TaggedStack
from stacks.web_analytics.config import WebAnalyticsConfig
from stacks.web_analytics.names import Names


class DeliveryRoleStack(TaggedStack):
    """The role: what it may do, and on which resources of this system."""

    def __init__(
        self, scope: Construct, id: str, *, config: WebAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="Web analytics: delivery role", settings=config, env=env)
        names = Names(self, config)
        role = InlineRole(
            self,
            "DeliveryRole",
            role_name=names.delivery_role,
            assumed_by=ServicePrincipal(
                "firehose.amazonaws.com", conditions={"StringEquals": {"sts:ExternalId": self.account}}
            ),
            description="Lets Firehose deliver web events from the stream to the Iceberg table",
            permissions={**_permissions(names), **_use_key(names)},
        )
        CfnOutput(self, "FirehoseRole", value=role.role_name)
        CfnOutput(self, "FirehoseRoleArn", value=role.role_arn)


def _permissions(names: Names) -> dict[str, Permission]:
    return {
        "CommitToTable": allow(
            ["glue:GetDatabase", "glue:GetTable", "glue:UpdateTable"],
            [names.catalog_arn, names.database_arn, names.table_arn],
        ),
        "WriteObjects": allow(
            [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetBucketLocation",
                "s3:GetObject",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:PutObject",
            ],
            [names.bucket_arn, f"{names.bucket_arn}/*"],
            wildcard="Firehose writes the table's files and, beside them, what it could not deliver.",
        ),
        "ReadStream": allow(
            [
                "kinesis:DescribeStream",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ],
            [names.stream_arn],
        ),
        "Transform": allow(
            ["lambda:GetFunctionConfiguration", "lambda:InvokeFunction"],
            [f"{names.transform_function_arn}:*"],
            wildcard="The versions and aliases of the one function: Firehose calls it as $LATEST.",
        ),
        "WriteErrorLog": allow(
            ["logs:PutLogEvents"],
            [names.delivery_log_streams_arn],
            wildcard="The streams of the one log group.",
        ),
        "UseLakeFormation": allow(
            ["lakeformation:GetDataAccess"], ["*"], wildcard="GetDataAccess knows no narrower resource."
        ),
    }


def _use_key(names: Names) -> dict[str, Permission]:
    key = names.encryption_key_arn
    if key is None:
        return {}
    return {
        "UseKeyOfStream": use_key_for_stream(
            key, ["kms:Decrypt"], stream_arn=names.stream_arn, region=names.region
        ),
        "UseKeyOfBucket": use_key_for_bucket(key, bucket_arn=names.bucket_arn, region=names.region),
    }
