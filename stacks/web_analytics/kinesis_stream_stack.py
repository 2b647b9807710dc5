"""The Kinesis data stream that buffers events between the API and Firehose.

https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, CfnResource, Environment, RemovalPolicy
from constructs import Construct

from stacks.common.acknowledgement import acknowledge
from stacks.common.stack import TaggedStack
from stacks.web_analytics.config import WebAnalyticsConfig
from stacks.web_analytics.names import Names


class KinesisStreamStack(TaggedStack):
    """The stream. It ends with its stack: what it holds is on its way to the table."""

    def __init__(
        self, scope: Construct, id: str, *, config: WebAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(
            scope, id, description="Web analytics: Kinesis data stream", settings=config, env=env
        )
        key = Names(self, config).encryption_key_arn
        stream = CfnResource(
            self,
            "Stream",
            type="AWS::Kinesis::Stream",
            properties={
                "Name": config.kinesis_stream_name,
                "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
                "RetentionPeriodHours": 24,
                "StreamEncryption": {
                    "EncryptionType": "KMS",
                    "KeyId": "alias/aws/kinesis" if key is None else key,
                },
            },
        )
        if key is not None:
            acknowledge(
                stream, "KDS3", "encryption.customer_managed_key asks for a key of one's own, at its price."
            )
        stream.apply_removal_policy(RemovalPolicy.DESTROY)
        CfnOutput(self, "KinesisDataStreamName", value=stream.ref)
