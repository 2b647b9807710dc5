"""The function that asks Athena for a dashboard, where it keeps the answers, and what it may read.

https://docs.aws.amazon.com/athena/latest/ug/example-policies-workgroup.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import Stack
from constructs import Construct

from stacks.common.athena import WorkGroup
from stacks.common.dashboard_config import WebDashboard
from stacks.common.iam import Permission, allow
from stacks.common.lake_formation import append_admin, deploy_role_arn, grant_on_all_tables, grant_on_database
from stacks.common.log_group import LogSettings
from stacks.common.pseudo_parameters import partition
from stacks.common.python_function import PythonFunction

TIMEOUT_IN_SECONDS = 28
"""One less than API Gateway waits."""

_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class DashboardData:
    """What a dashboard asks about: a database, its tables, and where their files lie."""

    database: str
    tables: Sequence[str]
    bucket: str
    folders: Sequence[str]
    """Of the tables, in the bucket, without a slash at their ends."""

    results_folder: str
    """Of the bucket too: what lies in it expires."""

    queries: str
    """The folder of the queries, in `sql`."""

    table_names: Mapping[str, str] = field(default_factory=dict)
    """Names in the queries -> names of this deployment, where they differ."""

    more_permissions: Mapping[str, Permission] = field(default_factory=dict)


class DashboardQueries(Construct):
    """The function and its work group."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        data: DashboardData,
        settings: WebDashboard,
        log: LogSettings,
    ) -> None:
        super().__init__(scope, id)
        stack = Stack.of(self)
        work_group = WorkGroup(
            self,
            "WorkGroup",
            name=name,
            description="Questions of the dashboard",
            results=f"s3://{data.bucket}/{data.results_folder}/queries/",
            scan_limit_in_bytes=settings.scan_limit_in_mbs * _MEGABYTE,
        )
        function_name = f"{name}-query"
        self.function = PythonFunction(
            self,
            "Function",
            name=function_name,
            description="Answers the dashboard's questions, by Athena or as they were just answered",
            handler="lambdas.dashboard.query.handler.lambda_handler",
            paths=[
                "lambdas/__init__.py",
                "lambdas/common",
                "lambdas/dashboard",
                f"sql/{data.queries}",
            ],
            environment={
                "QUERIES_FOLDER": f"sql/{data.queries}",
                "WORK_GROUP": work_group.ref,
                "DATABASE": data.database,
                "TABLE_NAMES": json.dumps(dict(data.table_names)),
                "ANSWERS_BUCKET": data.bucket,
                "ANSWERS_FOLDER": f"{data.results_folder}/answers",
                "CACHE_SECONDS": str(settings.cache_seconds),
            },
            layer_arns=[],
            memory_in_mb=512,
            timeout_in_seconds=TIMEOUT_IN_SECONDS,
            log=log,
            permissions={
                **_ask(stack, name),
                **_read_catalog(stack, data),
                **_read_data(data),
                **_keep_answers(data),
                **data.more_permissions,
            },
        )
        self._grant(stack, data)

    def _grant(self, stack: Stack, data: DashboardData) -> None:
        """Where Lake Formation governs the tables; where it does not, this changes nothing."""
        admin = append_admin(self, "DataLakeSettings", principal_arn=deploy_role_arn(stack))
        to = {
            "principal_arn": self.function.role_arn,
            "catalog_id": stack.account,
            "database": data.database,
        }
        for grant in (
            grant_on_database(self, "DatabaseGrant", **to, permissions=["DESCRIBE"]),
            grant_on_all_tables(self, "TablesGrant", **to, permissions=["SELECT", "DESCRIBE"]),
        ):
            grant.add_resource_dependency(admin)


def _ask(stack: Stack, work_group: str) -> dict[str, Permission]:
    athena = f"arn:{partition()}:athena:{stack.region}:{stack.account}"
    return {
        "AskInWorkGroup": allow(
            ["athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution"],
            [f"{athena}:workgroup/{work_group}"],
        )
    }


def _read_catalog(stack: Stack, data: DashboardData) -> dict[str, Permission]:
    glue = f"arn:{partition()}:glue:{stack.region}:{stack.account}"
    tables = [f"{glue}:table/{data.database}/{table}" for table in data.tables]
    return {
        "ReadCatalog": allow(
            ["glue:BatchGetPartition", "glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"],
            [f"{glue}:catalog", f"{glue}:database/{data.database}", *tables],
        ),
        # https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
        "AthenaAsksForDefault": allow(["glue:GetDatabase"], [f"{glue}:database/default"]),
        "UseLakeFormation": allow(
            ["lakeformation:GetDataAccess"], ["*"], wildcard="GetDataAccess knows no narrower resource."
        ),
    }


def _read_data(data: DashboardData) -> dict[str, Permission]:
    bucket = f"arn:{partition()}:s3:::{data.bucket}"
    return {
        "ReadData": allow(
            ["s3:GetObject"],
            [f"{bucket}/{folder}/*" for folder in data.folders],
            wildcard="Firehose names the objects itself.",
        ),
        # Without ListBucket, S3 says of an answer that is not there that it may not be read.
        "UseBucket": allow(
            ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [bucket]
        ),
    }


def _keep_answers(data: DashboardData) -> dict[str, Permission]:
    return {
        "KeepAnswers": allow(
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
            [f"arn:{partition()}:s3:::{data.bucket}/{data.results_folder}/*"],
            wildcard="An answer is named by its question, a result by its query's id.",
        )
    }
