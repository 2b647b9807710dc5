"""Policy statements: those of roles, of an API's resource policy and of what an authorizer answers.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

_SOURCE_IP = "aws:sourceip"
_OPERATORS = ("IpAddress", "NotIpAddress")


class Decision(Enum):
    ALLOW = "allow"
    DENY = "explicit deny"
    NEITHER = "implicit deny"


@dataclass(frozen=True)
class SourceIpCondition:
    """`IpAddress` or `NotIpAddress` on `aws:SourceIp`."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    inside: bool

    def holds(self, source_ip: str) -> bool:
        address = ip_address(source_ip)
        return any(address in network for network in self.networks) == self.inside


@dataclass(frozen=True)
class Statement:
    """One statement; the patterns are those of Action or NotAction, Resource or NotResource."""

    allow: bool
    actions: re.Pattern[str]
    not_actions: bool
    resources: re.Pattern[str]
    not_resources: bool
    conditions: tuple[SourceIpCondition, ...] = ()

    def is_about(self, action: str) -> bool:
        return (self.actions.fullmatch(action) is None) == self.not_actions

    def applies(self, action: str, resource: str, source_ip: str = "") -> bool:
        return (
            self.is_about(action)
            and (self.resources.fullmatch(resource) is None) == self.not_resources
            and all(condition.holds(source_ip) for condition in self.conditions)
        )


def decide(statements: Iterable[Statement], action: str, resource: str, source_ip: str = "") -> Decision:
    """An explicit deny beats any allow; without a statement that applies there is neither."""
    matching = [statement for statement in statements if statement.applies(action, resource, source_ip)]
    if not matching:
        return Decision.NEITHER
    return Decision.ALLOW if all(statement.allow for statement in matching) else Decision.DENY


def read_policy(document: Mapping[str, Any]) -> Iterator[Statement]:
    """The statements of a policy document.

    Raises:
        ValueError: it is no policy document, or has a condition that is not evaluated here.
    """
    statements = document.get("Statement")
    if statements is None:
        raise ValueError("a policy document needs a Statement")
    for statement in as_list(statements):
        if not isinstance(statement, Mapping):
            raise ValueError("a statement must be an object")
        yield _read_statement(statement)


def _read_statement(statement: Mapping[str, Any]) -> Statement:
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise ValueError(f"Effect must be Allow or Deny (got {statement.get('Effect')!r})")
    action_key = "NotAction" if "NotAction" in statement else "Action"
    resource_key = "NotResource" if "NotResource" in statement else "Resource"
    return Statement(
        allow=statement["Effect"] == "Allow",
        actions=_wildcards(statement, action_key, re.IGNORECASE),
        not_actions=action_key == "NotAction",
        resources=_wildcards(statement, resource_key),
        not_resources=resource_key == "NotResource",
        conditions=tuple(_conditions(statement.get("Condition", {}))),
    )


def _conditions(given: Mapping[str, Mapping[str, Any]]) -> Iterator[SourceIpCondition]:
    for operator, keys in given.items():
        for key, values in keys.items():
            if operator not in _OPERATORS or key.lower() != _SOURCE_IP:
                raise ValueError(
                    f"the condition {operator} of {key} is not evaluated here; "
                    f"{' and '.join(_OPERATORS)} of aws:SourceIp are"
                )
            networks = tuple(ip_network(text, strict=False) for text in as_list(values))
            yield SourceIpCondition(networks, inside=operator == "IpAddress")


def _wildcards(statement: Mapping[str, Any], key: str, flags: int = 0) -> re.Pattern[str]:
    texts = as_list(statement.get(key, []))
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{key} must be a text or a list of texts (got {statement.get(key)!r})")
    return wildcards(texts, flags)


def wildcards(texts: Sequence[str], flags: int = 0) -> re.Pattern[str]:
    """`*` is any text, `?` one character."""
    alternatives = (re.escape(text).replace(r"\*", ".*").replace(r"\?", ".") for text in texts)
    return re.compile("|".join(alternatives), flags | re.DOTALL)


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
