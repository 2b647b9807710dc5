"""Roles with inline policies alone.

A policy of its own would be created beside the role, and whoever uses the role could come before it.
https://github.com/aws/aws-cdk/issues/34325
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk.aws_iam import IPrincipal, PolicyDocument, PolicyStatement, Role
from constructs import Construct


def allow(actions: Sequence[str], resources: Sequence[str]) -> PolicyStatement:
    return PolicyStatement(actions=actions, resources=resources)


class InlineRole(Role):
    """A role for a service with one inline policy."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        assumed_by: IPrincipal,
        description: str,
        statements: Mapping[str, PolicyStatement],
        role_name: str | None = None,
    ) -> None:
        for sid, statement in statements.items():
            statement.sid = sid
        super().__init__(
            scope,
            id,
            role_name=role_name,
            assumed_by=assumed_by,
            description=description,
            inline_policies={"Policy": PolicyDocument(statements=list(statements.values()))},
        )
