"""The Kinesis data stream that buffers events between the API and Firehose.

https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Duration, Environment, RemovalPolicy
from aws_cdk.aws_kinesis import Stream, StreamEncryption, StreamMode
from constructs import Construct

from stacks.common.stack import TaggedStack
from stacks.web_analytics.config import WebAnalyticsConfig


class KinesisStreamStack(TaggedStack):
    """The stream. It ends with its stack: it holds nothing that Firehose has not been given within the day."""

    def __init__(
        self, scope: Construct, id: str, *, config: WebAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(
            scope, id, description="Web analytics: Kinesis data stream", settings=config, env=env
        )
        stream = Stream(
            self,
            "Stream",
            stream_name=config.kinesis_stream_name,
            stream_mode=StreamMode.ON_DEMAND,
            retention_period=Duration.hours(24),
            encryption=StreamEncryption.MANAGED,
            removal_policy=RemovalPolicy.DESTROY,
        )
        CfnOutput(self, "KinesisDataStreamName", value=stream.stream_name)
