"""Lake Formation: administrators and grants.

https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import CfnResource, DefaultStackSynthesizer, Fn, RemovalPolicy, Stack
from constructs import Construct


def deploy_role_arn(stack: Stack) -> str:
    """The role with which CloudFormation deploys the stack; it comes with placeholders in it."""
    synthesizer = stack.synthesizer
    assert isinstance(synthesizer, DefaultStackSynthesizer)
    return Fn.sub(synthesizer.cloud_formation_execution_role_arn)


def append_admin(scope: Construct, id: str, *, principal_arn: str) -> CfnResource:
    """Makes a principal an administrator of the data lake, beside those that the account has.

    The settings are one resource for a whole account and region, so that they outlive the stack.
    """
    settings = CfnResource(
        scope,
        id,
        type="AWS::LakeFormation::DataLakeSettings",
        properties={"Admins": [_principal(principal_arn)], "MutationType": "APPEND"},
    )
    settings.apply_removal_policy(RemovalPolicy.RETAIN)
    return settings


def grant_on_database(
    scope: Construct,
    id: str,
    *,
    principal_arn: str,
    catalog_id: str,
    database: str,
    permissions: Sequence[str],
) -> CfnResource:
    resource = {"Database": {"CatalogId": catalog_id, "Name": database}}
    return _grant(scope, id, principal_arn, resource, permissions)


def grant_on_all_tables(
    scope: Construct,
    id: str,
    *,
    principal_arn: str,
    catalog_id: str,
    database: str,
    permissions: Sequence[str],
) -> CfnResource:
    resource = {"Table": {"CatalogId": catalog_id, "DatabaseName": database, "TableWildcard": {}}}
    return _grant(scope, id, principal_arn, resource, permissions)


def _grant(
    scope: Construct,
    id: str,
    principal_arn: str,
    resource: Mapping[str, object],
    permissions: Sequence[str],
) -> CfnResource:
    return CfnResource(
        scope,
        id,
        type="AWS::LakeFormation::PrincipalPermissions",
        properties={
            "Principal": _principal(principal_arn),
            "Resource": resource,
            "Permissions": list(permissions),
            "PermissionsWithGrantOption": [],
        },
    )


def _principal(arn: str) -> dict[str, str]:
    return {"DataLakePrincipalIdentifier": arn}
