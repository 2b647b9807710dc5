"""May a role do this? Its identity-based policies in the assembly, as IAM evaluates them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import LocalRuntimeError, UnsupportedResourceError
from local_runtime.gateway.policy import Decision, Statement, as_list, decide, read_policy

_POLICY_TYPES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")


class Role:
    """A role's statements; an explicit deny beats any allow.

    Raises:
        UnsupportedResourceError: a policy that cannot be evaluated here.
    """

    def __init__(self, assembly: Assembly, role: Resource) -> None:
        self.arn = role.arn
        self.name = role.physical_id
        self._statements = tuple(_statements(assembly, role))
        self.allows = lru_cache(maxsize=1024)(self._allows)

    def allows_somewhere(self, action: str) -> bool:
        """Whether any statement allows the action, whatever the resource."""
        return any(item.allow and item.is_about(action) for item in self._statements)

    def _allows(self, action: str, resource: str) -> bool:
        return decide(self._statements, action, resource) is Decision.ALLOW


def trusts(role: Resource, service: str) -> bool:
    """Whether the role's trust policy lets `service` assume it."""
    for statement in as_list(role.properties.get("AssumeRolePolicyDocument", {}).get("Statement", [])):
        principal = statement.get("Principal", {})
        services = as_list(principal.get("Service", [])) if isinstance(principal, Mapping) else [principal]
        if statement.get("Effect") == "Allow" and (service in services or "*" in services):
            return True
    return False


def _statements(assembly: Assembly, role: Resource) -> Iterator[Statement]:
    for inline in role.properties.get("Policies", ()):
        yield from _read(inline["PolicyDocument"], role)
    managed = set(role.properties.get("ManagedPolicyArns", ()))
    for policy_type in _POLICY_TYPES:
        for policy in assembly.of_type(policy_type):
            arn = policy.attributes.get("Arn", policy.physical_id)
            if role.physical_id in policy.properties.get("Roles", ()) or arn in managed:
                managed.discard(arn)
                yield from _read(policy.properties["PolicyDocument"], policy)
    if managed:
        raise UnsupportedResourceError(
            role.type,
            role.stack,
            role.logical_id,
            f"the managed policies {sorted(managed)} are not in the assembly, so they cannot be evaluated",
        )


def _read(document: Mapping[str, Any], owner: Resource) -> Iterator[Statement]:
    statements = [
        statement for statement in as_list(document.get("Statement", [])) if not _is_of_kms(statement)
    ]
    if any("Condition" in statement for statement in statements):
        raise UnsupportedResourceError(
            owner.type, owner.stack, owner.logical_id, "a policy's Condition is not evaluated here"
        )
    try:
        yield from read_policy({**document, "Statement": statements})
    except ValueError as error:
        raise UnsupportedResourceError(owner.type, owner.stack, owner.logical_id, str(error)) from error


def _is_of_kms(statement: Mapping[str, Any]) -> bool:
    """Nothing is encrypted here, so nobody needs leave to use a key."""
    actions = as_list(statement.get("Action", []))
    return bool(actions) and all(str(action).startswith("kms:") for action in actions)


def roles_by_arn(assembly: Assembly, arns: Iterable[str]) -> dict[str, Role]:
    """The roles that API Gateway assumes.

    Raises:
        LocalRuntimeError: one is not in the assembly, or does not trust API Gateway.
    """
    return {arn: assumed_role(assembly, arn, "apigateway.amazonaws.com") for arn in set(arns) - {""}}


def assumed_role(assembly: Assembly, arn: str, service: str) -> Role:
    """The role with this ARN, which `service` assumes.

    Raises:
        LocalRuntimeError: it is not in the assembly, or does not trust the service.
    """
    for resource in assembly.of_type("AWS::IAM::Role"):
        if resource.arn == arn:
            if not trusts(resource, service):
                detail = f"{service} assumes it, but its trust policy does not name that service"
                raise UnsupportedResourceError(resource.type, resource.stack, resource.logical_id, detail)
            return Role(assembly, resource)
    raise LocalRuntimeError(
        f"{service} assumes the role {arn}, which is not in the assembly: its policies cannot be evaluated"
    )
