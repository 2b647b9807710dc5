"""A role's policies, as IAM evaluates them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly import Assembly, Resource
from local_runtime.errors import UnsupportedResourceError
from local_runtime.gateway.iam import Role

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/events"
PUT = {"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": STREAM}


def role_with(make_resource: Any, *statements: dict[str, Any], **more: Any) -> tuple[Assembly, Resource]:
    policy = {"Roles": ["R"], "PolicyDocument": {"Statement": list(statements)}}
    role = make_resource("IAM::Role", "R", more, Arn="arn:aws:iam::123456789012:role/R")
    resources = (role, make_resource("IAM::Policy", "P", policy))
    return Assembly(Path("cdk.out"), "aws", "us-east-1", "123456789012", resources, {}, {}), role


@pytest.mark.parametrize(
    ("statements", "action", "resource", "allowed"),
    [
        ([], "kinesis:PutRecord", STREAM, False),
        ([PUT], "kinesis:PutRecord", STREAM, True),
        ([PUT], "kinesis:PutRecords", STREAM, False),
        ([PUT], "kinesis:PutRecord", STREAM + "2", False),
        ([PUT], "kinesis:PutRecord", "*", False),
        ([{**PUT, "Action": "KINESIS:put*"}], "kinesis:PutRecords", STREAM, True),
        ([{**PUT, "Action": ["kinesis:Get?", "kinesis:*"]}], "kinesis:PutRecords", STREAM, True),
        ([{**PUT, "Resource": "arn:aws:kinesis:*:*:stream/ev*"}], "kinesis:PutRecord", STREAM, True),
        ([{**PUT, "Resource": "*"}], "kinesis:PutRecord", "*", True),
        (
            [{**PUT, "Resource": "*"}, {**PUT, "Effect": "Deny", "Resource": STREAM}],
            "kinesis:PutRecord",
            STREAM,
            False,
        ),
        (
            [{"Effect": "Allow", "NotAction": "kinesis:Delete*", "NotResource": "*stream/other"}],
            "kinesis:PutRecord",
            STREAM,
            True,
        ),
        (
            [{"Effect": "Allow", "NotAction": "kinesis:Put*", "Resource": "*"}],
            "kinesis:PutRecord",
            STREAM,
            False,
        ),
    ],
)
def test_policy_evaluation(
    make_resource: Any, statements: list[dict[str, Any]], action: str, resource: str, allowed: bool
) -> None:
    assert Role(*role_with(make_resource, *statements)).allows(action, resource) is allowed


def test_condition_is_refused_by_name(make_resource: Any) -> None:
    assembly, role = role_with(make_resource, {**PUT, "Condition": {"Bool": {"aws:SecureTransport": "true"}}})
    with pytest.raises(UnsupportedResourceError, match="Stack/P: AWS::IAM::Policy: a policy's Condition"):
        Role(assembly, role)


def test_managed_policy_outside_the_assembly_is_refused_by_name(make_resource: Any) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonKinesisReadOnlyAccess"
    assembly, role = role_with(make_resource, PUT, ManagedPolicyArns=[arn])
    with pytest.raises(UnsupportedResourceError, match="AmazonKinesisReadOnlyAccess"):
        Role(assembly, role)
