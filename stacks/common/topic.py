"""An SNS topic to which nobody publishes without TLS, and one subscription by mail.

https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnResource
from constructs import Construct

AWS_MANAGED_KEY = "alias/aws/sns"
"""It has no price, but CloudWatch alarms cannot publish with it (docs/decisions/0077)."""


class Topic(CfnResource):
    """The topic; it ends with its stack. Without a key (its ARN or its alias) SNS does not encrypt."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        display_name: str,
        key_arn: str | None,
        email: str | None,
    ) -> None:
        encrypted = {} if key_arn is None else {"KmsMasterKeyId": key_arn}
        super().__init__(
            scope,
            id,
            type="AWS::SNS::Topic",
            properties={"TopicName": name, "DisplayName": display_name, **encrypted},
        )
        CfnResource(
            scope,
            f"{id}Policy",
            type="AWS::SNS::TopicPolicy",
            properties={
                "Topics": [self.ref],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [*self.service_publishers(), self._nothing_without_tls()],
                },
            },
        )
        if email is not None:
            CfnResource(
                scope,
                f"{id}Email",
                type="AWS::SNS::Subscription",
                properties={"TopicArn": self.ref, "Protocol": "email", "Endpoint": email},
            )

    def service_publishers(self) -> Sequence[dict[str, Any]]:
        """Statements for services that publish in their own name; roles of the account have IAM policies."""
        return ()

    def _nothing_without_tls(self) -> dict[str, Any]:
        return {
            "Sid": "NothingWithoutTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": self.ref,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
