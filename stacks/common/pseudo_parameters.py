"""CloudFormation's pseudo parameters, each asked of the CDK once: a question is a round trip to Node.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
"""

from __future__ import annotations

from functools import cache

from aws_cdk import Aws


@cache
def partition() -> str:
    return Aws.PARTITION


@cache
def region() -> str:
    return Aws.REGION


@cache
def account() -> str:
    return Aws.ACCOUNT_ID
