"""A bucket for data: encrypted, reached over TLS alone, never public.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_s3 import (
    BlockPublicAccess,
    Bucket,
    BucketEncryption,
    CfnBucket,
    LifecycleRule,
    ObjectOwnership,
)
from constructs import Construct

from stacks.common.acknowledgement import acknowledge
from stacks.common.emptying_function import adapt_emptying_function
from stacks.common.log_group import LogSettings


@dataclass(frozen=True)
class Expiry:
    """Objects under the prefix are deleted after the days."""

    name: str
    prefix: str
    days: int


def removal_policy(keep: bool) -> RemovalPolicy:
    """What becomes of a resource with data in it; kept or not, it goes when its own creation failed."""
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if keep else RemovalPolicy.DESTROY


class DataBucket(Bucket):
    """The bucket; unless it is kept, it is emptied before it is deleted.

    It keeps no old versions: they would hold on to what the table's upkeep, or an erasure, deletes.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        keep: bool,
        log: LogSettings,
        key_arn: str | None = None,
        expiries: Sequence[Expiry] = (),
    ) -> None:
        super().__init__(
            scope,
            id,
            bucket_name=name,
            encryption=BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=list(_lifecycle_rules(expiries)),
            removal_policy=removal_policy(keep),
            auto_delete_objects=not keep,
        )
        if not keep:
            adapt_emptying_function(self.stack, log)
        if key_arn is not None:
            self._encrypt_by(key_arn)
        acknowledge(
            self,
            "S1",
            "Server access logs repeat, object by object, what Athena, Glue and Firehose did, and outgrow "
            "the data. Where an auditor asks for them, CloudTrail logs the bucket's data events.",
        )

    def _encrypt_by(self, key_arn: str) -> None:
        """On the L1: the L2 takes a key of aws_kms alone. A bucket key spares most calls to KMS."""
        bucket = self.node.default_child
        assert isinstance(bucket, CfnBucket)
        bucket.bucket_encryption = CfnBucket.BucketEncryptionProperty(
            server_side_encryption_configuration=[
                CfnBucket.ServerSideEncryptionRuleProperty(
                    bucket_key_enabled=True,
                    server_side_encryption_by_default=CfnBucket.ServerSideEncryptionByDefaultProperty(
                        sse_algorithm="aws:kms", kms_master_key_id=key_arn
                    ),
                )
            ]
        )


def _lifecycle_rules(expiries: Sequence[Expiry]) -> Iterator[LifecycleRule]:
    yield LifecycleRule(id="AbandonedUploads", abort_incomplete_multipart_upload_after=Duration.days(7))
    for expiry in expiries:
        yield LifecycleRule(id=expiry.name, prefix=expiry.prefix, expiration=Duration.days(expiry.days))
