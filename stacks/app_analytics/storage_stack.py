"""Where the raw events rest: the bucket.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
"""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.app_analytics.config import AppAnalyticsConfig
from stacks.app_analytics.names import RAW_FOLDER, RESULTS_FOLDER, Names
from stacks.common.data_bucket import DataBucket, Expiry
from stacks.common.log_group import LogSettings
from stacks.common.stack import TaggedStack

_QUERY_RESULTS_EXPIRE_AFTER_DAYS = 7


class StorageStack(TaggedStack):
    """One bucket: raw events, what could not be delivered, and results of queries."""

    def __init__(
        self, scope: Construct, id: str, *, config: AppAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="App analytics: bucket", settings=config, env=env)
        bucket = DataBucket(
            self,
            "Bucket",
            name=Names(self, config).bucket,
            keep=config.keep_data_on_destroy,
            log=LogSettings(config.log_retention_in_days),
            expiries=list(_expiries(config.app_analytics.delivery.raw_events_expire_after_days)),
        )
        CfnOutput(self, "S3BucketName", value=bucket.bucket_name)


def _expiries(raw_events_days: int | None) -> Iterator[Expiry]:
    yield Expiry("QueryResults", f"{RESULTS_FOLDER}/", _QUERY_RESULTS_EXPIRE_AFTER_DAYS)
    if raw_events_days is not None:
        yield Expiry("RawEvents", f"{RAW_FOLDER}/", raw_events_days)
