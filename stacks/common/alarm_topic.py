"""An SNS topic to which CloudWatch alarms of this account publish, over TLS alone.

https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html
"""

from __future__ import annotations

from aws_cdk import CfnResource, Stack
from constructs import Construct


class AlarmTopic(CfnResource):
    """The topic; it ends with its stack."""

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
        # CloudWatch may not publish under alias/aws/sns, the key that AWS manages.
        key = {} if key_arn is None else {"KmsMasterKeyId": key_arn}
        super().__init__(
            scope,
            id,
            type="AWS::SNS::Topic",
            properties={"TopicName": name, "DisplayName": display_name, **key},
        )
        CfnResource(
            scope,
            f"{id}Policy",
            type="AWS::SNS::TopicPolicy",
            properties={
                "Topics": [self.ref],
                "PolicyDocument": _policy(self.ref, Stack.of(scope).account),
            },
        )
        if email is not None:
            CfnResource(
                scope,
                f"{id}Email",
                type="AWS::SNS::Subscription",
                properties={"TopicArn": self.ref, "Protocol": "email", "Endpoint": email},
            )


def _policy(topic_arn: str, account: str) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AlarmsOfThisAccount",
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"StringEquals": {"aws:SourceAccount": account}},
            },
            {
                "Sid": "NothingWithoutTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }
