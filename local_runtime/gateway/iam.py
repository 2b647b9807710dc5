"""May a role do this? Its identity-based policies in the assembly, as IAM evaluates them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import UnsupportedResourceError

_POLICY_TYPES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")


@dataclass(frozen=True)
class Statement:
    """One statement; the patterns are those of Action or NotAction, Resource or NotResource."""

    allow: bool
    actions: re.Pattern[str]
    not_actions: bool
    resources: re.Pattern[str]
    not_resources: bool

    def applies(self, action: str, resource: str) -> bool:
        return (self.actions.fullmatch(action) is None) == self.not_actions and (
            self.resources.fullmatch(resource) is None
        ) == self.not_resources


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

    def _allows(self, action: str, resource: str) -> bool:
        matching = [statement for statement in self._statements if statement.applies(action, resource)]
        return bool(matching) and all(statement.allow for statement in matching)


def trusts(role: Resource, service: str) -> bool:
    """Whether the role's trust policy lets `service` assume it."""
    for statement in _as_list(role.properties.get("AssumeRolePolicyDocument", {}).get("Statement", [])):
        principal = statement.get("Principal", {})
        services = _as_list(principal.get("Service", [])) if isinstance(principal, Mapping) else [principal]
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
    for statement in _as_list(document.get("Statement", [])):
        if "Condition" in statement:
            raise UnsupportedResourceError(
                owner.type, owner.stack, owner.logical_id, "a policy's Condition is not evaluated here"
            )
        action_key = "NotAction" if "NotAction" in statement else "Action"
        resource_key = "NotResource" if "NotResource" in statement else "Resource"
        yield Statement(
            allow=statement["Effect"] == "Allow",
            actions=_pattern(_as_list(statement[action_key]), re.IGNORECASE),
            not_actions=action_key == "NotAction",
            resources=_pattern(_as_list(statement[resource_key])),
            not_resources=resource_key == "NotResource",
        )


def _pattern(wildcards: list[str], flags: int = 0) -> re.Pattern[str]:
    """`*` is any text, `?` one character."""
    alternatives = (re.escape(text).replace(r"\*", ".*").replace(r"\?", ".") for text in wildcards)
    return re.compile("|".join(alternatives), flags | re.DOTALL)


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
