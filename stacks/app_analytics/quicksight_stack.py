"""An optional door for Amazon QuickSight: the events as a data set, for one user or group.

https://docs.aws.amazon.com/quicksuite/latest/userguide/create-a-data-set-athena.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-quicksight-dataset.html
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import CfnOutput, CfnResource, Environment
from aws_cdk.aws_iam import ServicePrincipal
from constructs import Construct

from stacks.app_analytics.config import AppAnalyticsConfig
from stacks.app_analytics.names import WORK_GROUP, Names
from stacks.common.iam import InlineRole, allow
from stacks.common.stack import TaggedStack
from stacks.config import ROOT

_QUERY = "sql/app_analytics/queries/flat_events.sql"
COLUMNS = {
    "hour": "DATETIME",
    "customer_id": "STRING",
    "ip_address": "STRING",
    "country": "STRING",
    "gender": "STRING",
    "traffic_origin": "STRING",
    "event_type": "STRING",
    "product": "STRING",
    "amount": "DECIMAL",
}
"""What the query answers, in QuickSight's types."""

# QuickSight takes a viewer's actions or an owner's, all of them, and refuses any other set.
_READ_DATA_SOURCE = ("DescribeDataSource", "DescribeDataSourcePermissions", "PassDataSource")
_READ_DATA_SET = (
    *("DescribeDataSet", "DescribeDataSetPermissions", "PassDataSet"),
    *("DescribeIngestion", "ListIngestions"),
)
_OWN_DATA_SET = (
    *_READ_DATA_SET,
    *("CreateIngestion", "CancelIngestion", "UpdateDataSet", "DeleteDataSet", "UpdateDataSetPermissions"),
)


class QuickSightStack(TaggedStack):
    """Data source, data set and the role with which QuickSight asks Athena."""

    def __init__(
        self, scope: Construct, id: str, *, config: AppAnalyticsConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="App analytics: QuickSight", settings=config, env=env)
        names, settings = Names(self, config), config.app_analytics.quicksight
        assert settings.principal_arn is not None
        source = self._data_source(names, settings.principal_arn)
        self._data_set(source, settings.import_mode, settings.principal_arn)
        CfnOutput(self, "DataSourceArn", value=source.get_att("Arn").to_string())

    def _data_source(self, names: Names, principal_arn: str) -> CfnResource:
        return CfnResource(
            self,
            "DataSource",
            type="AWS::QuickSight::DataSource",
            properties={
                "AwsAccountId": self.account,
                "DataSourceId": "app-analytics",
                "Name": "App analytics",
                "Type": "ATHENA",
                "DataSourceParameters": {
                    "AthenaParameters": {"WorkGroup": WORK_GROUP, "RoleArn": self._role(names).role_arn}
                },
                "Permissions": _permissions(principal_arn, _READ_DATA_SOURCE),
            },
        )

    def _data_set(self, source: CfnResource, import_mode: str, principal_arn: str) -> None:
        _, _, query = (ROOT / _QUERY).read_text(encoding="utf-8").partition("\n")
        CfnResource(
            self,
            "DataSet",
            type="AWS::QuickSight::DataSet",
            properties={
                "AwsAccountId": self.account,
                "DataSetId": "app-analytics-events",
                "Name": "App events",
                "ImportMode": import_mode,
                "PhysicalTableMap": {
                    "events": {
                        "CustomSql": {
                            "DataSourceArn": source.get_att("Arn").to_string(),
                            "Name": "App events",
                            "SqlQuery": query,
                            "Columns": [{"Name": name, "Type": type} for name, type in COLUMNS.items()],
                        }
                    }
                },
                # Who is to refresh a copy must own it.
                "Permissions": _permissions(
                    principal_arn, _OWN_DATA_SET if import_mode == "SPICE" else _READ_DATA_SET
                ),
            },
        )

    def _role(self, names: Names) -> InlineRole:
        """It stands in the data source, so that QuickSight's role for the whole account may do nothing here.

        https://docs.aws.amazon.com/quicksight/latest/APIReference/API_AthenaParameters.html
        """
        return InlineRole(
            self,
            "QuickSightRole",
            assumed_by=ServicePrincipal("quicksight.amazonaws.com"),
            description="Lets QuickSight ask Athena about app events",
            permissions={
                "AskAthena": allow(
                    [
                        "athena:BatchGetQueryExecution",
                        "athena:GetQueryExecution",
                        "athena:GetQueryResults",
                        "athena:GetQueryResultsStream",
                        "athena:GetWorkGroup",
                        "athena:StartQueryExecution",
                        "athena:StopQueryExecution",
                    ],
                    [names.work_group_arn],
                ),
                "BrowseCatalog": allow(
                    [
                        "athena:GetDataCatalog",
                        "athena:GetDatabase",
                        "athena:GetTableMetadata",
                        "athena:ListDatabases",
                        "athena:ListTableMetadata",
                    ],
                    [names.data_catalog_arn],
                ),
                "ReadCatalog": allow(
                    [
                        "glue:GetDatabase",
                        "glue:GetDatabases",
                        "glue:GetPartition",
                        "glue:GetPartitions",
                        "glue:GetTable",
                        "glue:GetTables",
                    ],
                    [names.catalog_arn, names.database_arn, names.table_arn],
                ),
                "AthenaAsksForDefault": allow(["glue:GetDatabase"], [names.default_database_arn]),
                "ListBucket": allow(["s3:GetBucketLocation", "s3:ListBucket"], [names.bucket_arn]),
                "ReadRawEvents": allow(
                    ["s3:GetObject"], [names.raw_objects_arn], wildcard="Firehose names its objects itself."
                ),
                "KeepResults": allow(
                    [
                        "s3:AbortMultipartUpload",
                        "s3:GetObject",
                        "s3:ListMultipartUploadParts",
                        "s3:PutObject",
                    ],
                    [names.result_objects_arn],
                    wildcard="Athena names its results itself.",
                ),
                "UseLakeFormation": allow(
                    ["lakeformation:GetDataAccess"],
                    ["*"],
                    wildcard="GetDataAccess knows no narrower resource.",
                ),
            },
        )


def _permissions(principal_arn: str, actions: Sequence[str]) -> list[dict[str, object]]:
    return [{"Principal": principal_arn, "Actions": [f"quicksight:{action}" for action in actions]}]
