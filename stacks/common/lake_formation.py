"""Lake Formation: administrators and grants.

https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk.aws_lakeformation import CfnDataLakeSettings, CfnPrincipalPermissions
from constructs import Construct


def append_admin(scope: Construct, id: str, *, principal_arn: str) -> CfnDataLakeSettings:
    """Makes a principal an administrator of the data lake, beside those that the account has.

    The settings are one resource for a whole account and region, so that they outlive the stack.
    """
    settings = CfnDataLakeSettings(
        scope,
        id,
        admins=[CfnDataLakeSettings.DataLakePrincipalProperty(data_lake_principal_identifier=principal_arn)],
        mutation_type="APPEND",
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
) -> CfnPrincipalPermissions:
    resource = CfnPrincipalPermissions.ResourceProperty(
        database=CfnPrincipalPermissions.DatabaseResourceProperty(catalog_id=catalog_id, name=database)
    )
    return _grant(scope, id, principal_arn, resource, permissions)


def grant_on_all_tables(
    scope: Construct,
    id: str,
    *,
    principal_arn: str,
    catalog_id: str,
    database: str,
    permissions: Sequence[str],
) -> CfnPrincipalPermissions:
    resource = CfnPrincipalPermissions.ResourceProperty(
        table=CfnPrincipalPermissions.TableResourceProperty(
            catalog_id=catalog_id, database_name=database, table_wildcard={}
        )
    )
    return _grant(scope, id, principal_arn, resource, permissions)


def _grant(
    scope: Construct,
    id: str,
    principal_arn: str,
    resource: CfnPrincipalPermissions.ResourceProperty,
    permissions: Sequence[str],
) -> CfnPrincipalPermissions:
    return CfnPrincipalPermissions(
        scope,
        id,
        principal=CfnPrincipalPermissions.DataLakePrincipalProperty(
            data_lake_principal_identifier=principal_arn
        ),
        resource=resource,
        permissions=permissions,
        permissions_with_grant_option=[],
    )
