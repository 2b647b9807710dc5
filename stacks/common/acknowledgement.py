"""Findings of cdk-nag's AwsSolutions rules that are accepted, each with its reason beside the resource.

The CDK keeps them as metadata; `python -m stacks.security_report` reads them and alone imports cdk-nag.
https://github.com/cdklabs/cdk-nag
"""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations
from constructs import Construct

from stacks.common.pseudo_parameters import account, partition, region

PACK = "AwsSolutions"


def acknowledge(construct: Construct, rule: str, reason: str) -> None:
    """Accepts what a rule such as `APIG4` finds in a construct and in what it holds."""
    Validations.of(construct).acknowledge(Acknowledgment(id=f"{PACK}::{PACK}-{rule}", reason=reason))


def acknowledge_wildcard(construct: Construct, resource: str, reason: str) -> None:
    """Accepts a resource with `*` in a policy; the rule spells its ARN with `<AWS::Region>` for tokens."""
    for token, name in (
        (partition(), "Partition"),
        (region(), "Region"),
        (account(), "AccountId"),
    ):
        resource = resource.replace(token, f"<AWS::{name}>")
    acknowledge(construct, f"IAM5[Resource::{resource}]", reason)
