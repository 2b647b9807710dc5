"""Least privilege: the exact actions and resources of each role (in `roles/`), and why a wildcard is one."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest

from stacks.web_analytics.delivery_stream_stack import DeliveryStreamStack
from tests.deploy_order import DEPLOY_ORDER

LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
WILDCARD_REASONS = {
    "kinesis:ListStreams": "the action knows no resource",
    "lakeformation:GetDataAccess": "the action knows no resource",
    **dict.fromkeys(LOG_DELIVERY, "the actions of log delivery know no resource"),
    "xray:GetSamplingRules": "the action knows no resource",
    "xray:GetSamplingTargets": "the action knows no resource",
    "xray:PutTelemetryRecords": "the action knows no resource",
    "xray:PutTraceSegments": "the action knows no resource",
}


@pytest.fixture(scope="module")
def roles(assembly: Any) -> dict[str, dict[str, Any]]:
    """`stack/construct id` -> the role; logical ids end with a hash of eight characters."""
    return {
        f"{stack}/{name[:-8]}": role["Properties"]
        for stack in assembly.stacks
        for name, role in assembly[stack].of_type("AWS::IAM::Role").items()
    }


def short(resource: Any) -> str:
    """`arn:{partition}:glue:{region}:{account}:catalog` as `glue:catalog`."""
    if isinstance(resource, str):
        return resource
    if "Ref" in resource:
        return str(resource["Ref"])
    if "Fn::GetAtt" in resource:
        return ".".join(resource["Fn::GetAtt"])
    if "Ref" in resource:
        return str(resource["Ref"])
    placeholders = {"AWS::Partition": "{partition}", "AWS::Region": "{region}", "AWS::AccountId": "{account}"}
    arn = "".join(
        part if isinstance(part, str) else placeholders[part["Ref"]] for part in resource["Fn::Join"][1]
    )
    _, partition, service, _, _, rest = arn.split(":", 5)
    assert partition == "{partition}"
    return f"{service}:{rest}"


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def expected(system: str) -> Any:
    return import_module(f"tests.infrastructure.roles.{system}")


def of_system(system: str, roles: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: role for name, role in roles.items() if name.split("/")[0] in DEPLOY_ORDER[system]}


@pytest.mark.parametrize("system", DEPLOY_ORDER)
def test_each_role_may_do_exactly_this(roles: dict[str, dict[str, Any]], system: str) -> None:
    found = {
        name: {
            statement["Sid"]: (
                sorted(as_list(statement["Action"])),
                sorted(short(resource) for resource in as_list(statement["Resource"])),
            )
            for policy in role.get("Policies", ())
            for statement in policy["PolicyDocument"]["Statement"]
        }
        for name, role in of_system(system, roles).items()
    }
    assert found == expected(system).ROLES


def test_every_wildcard_has_a_reason(roles: dict[str, dict[str, Any]]) -> None:
    for role in roles.values():
        for policy in role.get("Policies", ()):
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = as_list(statement["Action"])
                assert not any("*" in action for action in actions)
                if "*" in as_list(statement["Resource"]):
                    assert set(actions) <= set(WILDCARD_REASONS)


@pytest.mark.parametrize("system", DEPLOY_ORDER)
def test_each_role_serves_one_service(roles: dict[str, dict[str, Any]], system: str) -> None:
    for name, role in of_system(system, roles).items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": expected(system).SERVICES[name]}


def test_firehose_assumes_its_role_for_this_account_alone(roles: dict[str, dict[str, Any]]) -> None:
    (statement,) = roles["WebAnalyticsFirehoseToIcebergRoleStack/DeliveryRole"]["AssumeRolePolicyDocument"][
        "Statement"
    ]
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": {"Ref": "AWS::AccountId"}}}


def test_only_the_account_log_role_has_a_managed_policy(roles: dict[str, dict[str, Any]]) -> None:
    managed = {name.split("/")[1] for name, role in roles.items() if "ManagedPolicyArns" in role}
    assert managed == {"AccountLogRole"}


def test_no_policy_stands_beside_its_role(assembly: Any) -> None:
    for stack in assembly.stacks:
        assert assembly[stack].of_type("AWS::IAM::Policy") == {}


def test_partition_is_never_written_out(assembly: Any) -> None:
    for stack in assembly.stacks:
        assert "arn:aws:" not in json.dumps(assembly[stack].document)


def test_every_log_group_forgets(assembly: Any) -> None:
    groups = [
        group
        for stack in assembly.stacks
        for group in assembly[stack].of_type("AWS::Logs::LogGroup").values()
    ]
    assert groups
    assert {group["Properties"]["RetentionInDays"] for group in groups} == {30}


def test_log_retention_is_a_setting(synthesize: Any) -> None:
    template = synthesize(DeliveryStreamStack, log_retention_in_days=7)
    assert template.properties("AWS::Logs::LogGroup")["RetentionInDays"] == 7


def test_tags_are_on_every_stack(assembly: Any) -> None:
    for stack in assembly.stacks:
        assert assembly.manifest[stack]["properties"]["tags"] == {"Application": "web-analytics"}
