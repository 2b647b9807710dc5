"""Roles with inline policies alone.

A policy of its own would be created beside the role, and whoever uses the role could come before it.
https://github.com/aws/aws-cdk/issues/34325
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk.aws_iam import IPrincipal, PolicyDocument, PolicyStatement, Role
from constructs import Construct

from stacks.common.acknowledgement import acknowledge_wildcard


@dataclass(frozen=True)
class Permission:
    """What a statement of a policy allows; `wildcard` is why one of its resources ends in, or is, a `*`."""

    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    wildcard: str | None = None


def allow(actions: Sequence[str], resources: Sequence[str], *, wildcard: str | None = None) -> Permission:
    return Permission(actions, resources, wildcard=wildcard)


class InlineRole(Role):
    """A role for a service with one inline policy, its statements by their Sid."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        assumed_by: IPrincipal,
        description: str,
        permissions: Mapping[str, Permission],
        role_name: str | None = None,
    ) -> None:
        statements = [_statement(sid, permission) for sid, permission in permissions.items()]
        super().__init__(
            scope,
            id,
            role_name=role_name,
            assumed_by=assumed_by,
            description=description,
            inline_policies={"Policy": PolicyDocument(statements=statements)},
        )
        for permission in permissions.values():
            self._acknowledge_wildcards(permission)

    def _acknowledge_wildcards(self, permission: Permission) -> None:
        for resource in permission.resources:
            if "*" in resource and permission.wildcard is not None:
                acknowledge_wildcard(self, resource, permission.wildcard)


def _statement(sid: str, permission: Permission) -> PolicyStatement:
    return PolicyStatement(
        sid=sid,
        actions=permission.actions,
        resources=permission.resources,
        conditions=permission.conditions or None,
    )
