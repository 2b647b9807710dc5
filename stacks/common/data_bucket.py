"""A bucket for data: encrypted, reached over TLS alone, never public.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
"""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_s3 import BlockPublicAccess, Bucket, BucketEncryption, LifecycleRule, ObjectOwnership
from constructs import Construct


def removal_policy(keep: bool) -> RemovalPolicy:
    """What becomes of a resource with data in it; kept or not, it goes when its own creation failed."""
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if keep else RemovalPolicy.DESTROY


class DataBucket(Bucket):
    """The bucket; unless it is kept, it is emptied before it is deleted."""

    def __init__(self, scope: Construct, id: str, *, name: str, keep: bool) -> None:
        super().__init__(
            scope,
            id,
            bucket_name=name,
            encryption=BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                LifecycleRule(id="AbandonedUploads", abort_incomplete_multipart_upload_after=Duration.days(7))
            ],
            removal_policy=removal_policy(keep),
            auto_delete_objects=not keep,
        )
