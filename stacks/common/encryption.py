"""A customer-managed KMS key for the data at rest, and what its users need to be allowed.

https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import CfnResource, RemovalPolicy, Stack
from constructs import Construct

from stacks.common.iam import Permission
from stacks.common.pseudo_parameters import partition


class EncryptionKey(CfnResource):
    """The key. It is kept: without it nothing that it encrypted can ever be read again."""

    def __init__(self, scope: Construct, id: str, *, description: str, alias: str) -> None:
        super().__init__(
            scope,
            id,
            type="AWS::KMS::Key",
            properties={
                "Description": description,
                "EnableKeyRotation": True,
                "KeyPolicy": _key_policy(Stack.of(scope)),
            },
        )
        self.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        CfnResource(
            scope,
            f"{id}Alias",
            type="AWS::KMS::Alias",
            properties={"AliasName": alias, "TargetKeyId": self.ref},
        )


def _key_policy(stack: Stack) -> dict[str, object]:
    """IAM policies decide for roles of the account; services that act in their own name stand here."""
    log_groups = f"arn:{partition()}:logs:{stack.region}:{stack.account}:log-group:*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "LetIamPoliciesDecide",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition()}:iam::{stack.account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "EncryptLogs",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{stack.region}.amazonaws.com"},
                "Action": [
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:ReEncrypt*",
                    "kms:GenerateDataKey*",
                    "kms:DescribeKey",
                ],
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
            },
            {
                "Sid": "LetAlarmsPublishToTheTopic",
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:SourceAccount": stack.account}},
            },
        ],
    }


def use_key_for_stream(key_arn: str, actions: Sequence[str], *, stream_arn: str, region: str) -> Permission:
    """Kinesis asks for the data key in the caller's name: producers generate it, consumers decrypt it.

    https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html
    """
    return _use_key(key_arn, actions, f"kinesis.{region}.amazonaws.com", "aws:kinesis:arn", [stream_arn])


def use_key_for_bucket(key_arn: str, *, bucket_arn: str, region: str) -> Permission:
    """S3 names the bucket in the encryption context of a bucket key, and the object in that of any other.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    objects = [bucket_arn, f"{bucket_arn}/*"]
    return _use_key(
        key_arn, ["kms:Decrypt", "kms:GenerateDataKey"], f"s3.{region}.amazonaws.com", "aws:s3:arn", objects
    )


def _use_key(
    key_arn: str, actions: Sequence[str], service: str, context: str, values: Sequence[str]
) -> Permission:
    return Permission(
        actions,
        [key_arn],
        conditions={
            "StringEquals": {"kms:ViaService": service},
            "StringLike": {f"kms:EncryptionContext:{context}": values},
        },
    )
