"""Lake Formation grants for the delivery role, and for the optimizers of the table that the app creates.

Where access is left to IAM they change nothing; where Lake Formation governs it, both need them.
https://docs.aws.amazon.com/lake-formation/latest/dg/change-settings.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, CfnResource, Environment
from constructs import Construct

from stacks.common.lake_formation import append_admin, deploy_role_arn, grant_on_all_tables, grant_on_database
from stacks.common.stack import TaggedStack
from stacks.web_analytics.config import WebAnalyticsConfig
from stacks.web_analytics.names import Names

_TABLE_PERMISSIONS = ["SELECT", "INSERT", "DELETE", "DESCRIBE", "ALTER"]


class LakeFormationStack(TaggedStack):
    """Grants, and the right to give them."""

    def __init__(
        self, scope: Construct, id: str, *, config: WebAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(
            scope, id, description="Web analytics: Lake Formation grants", settings=config, env=env
        )
        table = config.data_firehose_configuration.destination_iceberg_table_configuration
        names = Names(self, config)
        # Only an administrator may grant on a database that somebody else created.
        admin = append_admin(self, "DataLakeSettings", principal_arn=deploy_role_arn(self))
        grants = self._grants("", names.delivery_role_arn, table.database_name)
        if table.create_table:
            grants += self._grants("Optimizer", names.optimizer_role_arn, table.database_name)
        for grant in grants:
            grant.add_resource_dependency(admin)
        CfnOutput(self, "Principal", value=names.delivery_role_arn)

    def _grants(self, prefix: str, role_arn: str, database: str) -> list[CfnResource]:
        to = {"principal_arn": role_arn, "catalog_id": self.account, "database": database}
        return [
            grant_on_database(self, f"{prefix}DatabaseGrant", **to, permissions=["DESCRIBE"]),
            grant_on_all_tables(self, f"{prefix}TablesGrant", **to, permissions=_TABLE_PERMISSIONS),
        ]
