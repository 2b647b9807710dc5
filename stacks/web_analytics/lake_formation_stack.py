"""Lake Formation grants for the delivery role.

Where access is left to IAM they change nothing; where Lake Formation governs it, Firehose needs them.
https://docs.aws.amazon.com/lake-formation/latest/dg/change-settings.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, DefaultStackSynthesizer, Environment, Fn
from constructs import Construct

from stacks.common.lake_formation import append_admin, grant_on_all_tables, grant_on_database
from stacks.common.stack import TaggedStack
from stacks.web_analytics.config import WebAnalyticsConfig
from stacks.web_analytics.names import Names


class LakeFormationStack(TaggedStack):
    """Grants, and the right to give them."""

    def __init__(
        self, scope: Construct, id: str, *, config: WebAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(
            scope, id, description="Web analytics: Lake Formation grants", settings=config, env=env
        )
        database = config.data_firehose_configuration.destination_iceberg_table_configuration.database_name
        role_arn = Names(self, config).delivery_role_arn
        # Only an administrator may grant on a database that somebody else created.
        admin = append_admin(self, "DataLakeSettings", principal_arn=self._deploy_role_arn())
        grants = [
            grant_on_database(
                self,
                "DatabaseGrant",
                principal_arn=role_arn,
                catalog_id=self.account,
                database=database,
                permissions=["DESCRIBE"],
            ),
            grant_on_all_tables(
                self,
                "TablesGrant",
                principal_arn=role_arn,
                catalog_id=self.account,
                database=database,
                permissions=["SELECT", "INSERT", "DELETE", "DESCRIBE", "ALTER"],
            ),
        ]
        for grant in grants:
            grant.add_resource_dependency(admin)
        CfnOutput(self, "Principal", value=role_arn)

    def _deploy_role_arn(self) -> str:
        """The role with which CloudFormation deploys this stack; it comes with placeholders in it."""
        synthesizer = self.synthesizer
        assert isinstance(synthesizer, DefaultStackSynthesizer)
        return Fn.sub(synthesizer.cloud_formation_execution_role_arn)
