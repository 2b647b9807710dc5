"""A Firehose delivery stream that producers put to and that writes to a bucket, as JSON or as Parquet.

https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aws_cdk import CfnResource, Stack
from aws_cdk.aws_iam import ServicePrincipal
from aws_cdk.aws_logs import CfnLogGroup
from constructs import Construct

from stacks.common.delivery_stream import Buffering, Transformation, hints, logging_options, processing
from stacks.common.iam import InlineRole, allow
from stacks.common.pseudo_parameters import partition


@dataclass(frozen=True)
class GlueTableName:
    """The table whose columns make Parquet of JSON."""

    database: str
    table: str


@dataclass(frozen=True)
class S3Output:
    """Where records go; an error prefix names `!{firehose:error-output-type}`, and both end with a slash."""

    bucket_arn: str
    prefix: str
    error_output_prefix: str
    compression: Literal["UNCOMPRESSED", "GZIP"] = "UNCOMPRESSED"
    """Of JSON; Parquet is compressed by snappy in any case."""


class S3DeliveryStream(CfnResource):
    """The stream and its role; what waits in it is encrypted.

    With a table records become Parquet, and the buffer must be of 64 MB or more. With `newlines` one follows
    each record, which producers need not send; it goes with neither table nor transformation.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        output: S3Output,
        buffering: Buffering,
        log_group: CfnLogGroup,
        table: GlueTableName | None = None,
        transformation: Transformation | None = None,
        newlines: bool = False,
    ) -> None:
        assert not newlines or (table is None and transformation is None)
        role = _role(scope, f"{id}Role", name, output, log_group, table, transformation)
        super().__init__(
            scope,
            id,
            type="AWS::KinesisFirehose::DeliveryStream",
            properties={
                "DeliveryStreamName": name,
                "DeliveryStreamType": "DirectPut",
                "DeliveryStreamEncryptionConfigurationInput": {"KeyType": "AWS_OWNED_CMK"},
                "ExtendedS3DestinationConfiguration": {
                    "BucketARN": output.bucket_arn,
                    "RoleARN": role.role_arn,
                    "Prefix": output.prefix,
                    "ErrorOutputPrefix": output.error_output_prefix,
                    "CompressionFormat": output.compression,
                    "BufferingHints": hints(buffering),
                    "CloudWatchLoggingOptions": logging_options(log_group, "DestinationDelivery"),
                    **(
                        {}
                        if table is None
                        else {"DataFormatConversionConfiguration": _to_parquet(table, role)}
                    ),
                    **(
                        {}
                        if transformation is None
                        else {"ProcessingConfiguration": processing(transformation, role.role_arn)}
                    ),
                    **({"ProcessingConfiguration": _newline_after_each_record()} if newlines else {}),
                },
            },
        )


def _newline_after_each_record() -> dict[str, object]:
    """https://docs.aws.amazon.com/firehose/latest/APIReference/API_Processor.html"""
    delimiter = {"ParameterName": "Delimiter", "ParameterValue": "\\n"}  # a backslash and an n, as AWS has it
    return {
        "Enabled": True,
        "Processors": [{"Type": "AppendDelimiterToRecord", "Parameters": [delimiter]}],
    }


def _to_parquet(table: GlueTableName, role: InlineRole) -> dict[str, object]:
    return {
        "Enabled": True,
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {"Compression": "SNAPPY"}}},
        "SchemaConfiguration": {
            "CatalogId": Stack.of(role).account,
            "Region": Stack.of(role).region,
            "RoleARN": role.role_arn,
            "DatabaseName": table.database,
            "TableName": table.table,
            "VersionId": "LATEST",
        },
    }


def _role(
    scope: Construct,
    id: str,
    stream: str,
    output: S3Output,
    log_group: CfnLogGroup,
    table: GlueTableName | None,
    transformation: Transformation | None,
) -> InlineRole:
    """https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3"""
    permissions = {
        "WriteObjects": allow(
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            [
                f"{output.bucket_arn}/{_folder(prefix)}*"
                for prefix in (output.prefix, output.error_output_prefix)
            ],
            wildcard="Firehose names the objects under its two prefixes itself.",
        ),
        "UseBucket": allow(
            ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [output.bucket_arn]
        ),
        "WriteErrorLog": allow(["logs:PutLogEvents"], [log_group.attr_arn]),
    }
    if table is not None:
        permissions["ReadSchema"] = allow(
            ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"], _glue_arns(scope, table)
        )
    if transformation is not None:
        permissions["Transform"] = allow(
            ["lambda:GetFunctionConfiguration", "lambda:InvokeFunction"],
            [f"{transformation.function_arn}:*"],
            wildcard="The versions and aliases of the one function: Firehose calls it as $LATEST.",
        )
    return InlineRole(
        scope,
        id,
        assumed_by=ServicePrincipal(
            "firehose.amazonaws.com",
            conditions={"StringEquals": {"sts:ExternalId": Stack.of(scope).account}},
        ),
        description=f"Lets Firehose deliver what is put to {stream}",
        permissions=permissions,
    )


def _folder(prefix: str) -> str:
    """A prefix as far as it is the same for all objects."""
    return prefix.split("!{", 1)[0]


def _glue_arns(scope: Construct, table: GlueTableName) -> list[str]:
    stack = Stack.of(scope)
    glue = f"arn:{partition()}:glue:{stack.region}:{stack.account}"
    return [
        f"{glue}:catalog",
        f"{glue}:database/{table.database}",
        f"{glue}:table/{table.database}/{table.table}",
    ]
