"""The customer-managed key, where one is wanted and none is given; the other stacks look its ARN up.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, CfnResource, Environment
from constructs import Construct

from stacks.common.encryption import EncryptionKey
from stacks.common.stack import TaggedStack
from stacks.web_analytics.config import WebAnalyticsConfig
from stacks.web_analytics.names import KEY_ALIAS, KEY_ARN_PARAMETER


class EncryptionKeyStack(TaggedStack):
    """Key and parameter."""

    def __init__(
        self, scope: Construct, id: str, *, config: WebAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="Web analytics: encryption key", settings=config, env=env)
        key = EncryptionKey(
            self, "Key", description="Stream, bucket, logs and alarm topic of web analytics", alias=KEY_ALIAS
        )
        # A log group takes nothing but the ARN of a key, which holds an id that no configuration knows.
        CfnResource(
            self,
            "KeyArn",
            type="AWS::SSM::Parameter",
            properties={"Name": KEY_ARN_PARAMETER, "Type": "String", "Value": key.get_att("Arn")},
        )
        CfnOutput(self, "EncryptionKeyArn", value=key.get_att("Arn").to_string())
