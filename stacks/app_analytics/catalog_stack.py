"""What Athena knows of the raw events: a database, and in it a table that is discovered or declared.

https://docs.aws.amazon.com/glue/latest/dg/add-crawler.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.app_analytics.config import AppAnalyticsConfig
from stacks.app_analytics.crawler import add_crawler
from stacks.app_analytics.declared_table import add_declared_table
from stacks.app_analytics.names import DATABASE, TABLE, Names
from stacks.common.data_bucket import removal_policy
from stacks.common.iceberg_table import GlueDatabase
from stacks.common.stack import TaggedStack


class CatalogStack(TaggedStack):
    """The database, and a crawler or the table."""

    def __init__(
        self, scope: Construct, id: str, *, config: AppAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(
            scope, id, description="App analytics: database and schema", settings=config, env=env
        )
        names, settings = Names(self, config), config.app_analytics.catalog
        policy = removal_policy(config.keep_data_on_destroy)
        database = GlueDatabase(
            self,
            "Database",
            name=DATABASE,
            description="App analytics",
            removal_policy=policy,
        )
        if settings.table_schema == "crawler":
            source = add_crawler(self, names, settings)
        else:
            source = add_declared_table(self, names, settings, removal_policy=policy)
        source.add_resource_dependency(database)
        CfnOutput(self, "TableName", value=f"{DATABASE}.{TABLE}")
