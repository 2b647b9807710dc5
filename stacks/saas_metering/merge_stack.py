"""The hourly merge: its rule, its function, and its grants in Lake Formation.

https://docs.aws.amazon.com/athena/latest/ug/ctas-considerations-limitations.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""

from __future__ import annotations

from aws_cdk import CfnOutput, CfnResource, Environment
from constructs import Construct

from stacks.common.lake_formation import (
    append_admin,
    deploy_role_arn,
    grant_on_all_tables,
    grant_on_database,
)
from stacks.common.log_group import LogSettings
from stacks.common.python_function import PythonFunction
from stacks.common.stack import TaggedStack
from stacks.saas_metering.config import SaasMeteringConfig
from stacks.saas_metering.merge_role import merge_permissions
from stacks.saas_metering.names import MERGE_FUNCTION, MERGE_RULE, METRICS_NAMESPACE, Names

# Lambda's longest: what is left then is the next run's.
_TIMEOUT_IN_SECONDS = 900


class MergeStack(TaggedStack):
    """Rule, function, grants."""

    def __init__(
        self, scope: Construct, id: str, *, config: SaasMeteringConfig, env: Environment | None
    ) -> None:
        super().__init__(
            scope, id, description="SaaS metering: hourly merge of the log", settings=config, env=env
        )
        function = self._function(config)
        self._grant(function.role_arn, config)
        self._run_every_hour(function, config)
        CfnOutput(self, "MergeFilesFuncName", value=function.ref)
        CfnOutput(self, "LambdaExecRoleArn", value=function.role_arn)

    def _function(self, config: SaasMeteringConfig) -> PythonFunction:
        names, tables = Names(self, config), config.merge_small_files_lambda_env
        return PythonFunction(
            self,
            "MergeFunction",
            name=MERGE_FUNCTION,
            description="Merges an hour's small JSON files into Parquet, each request once",
            handler="lambdas.saas_metering.merge_small_files.handler.lambda_handler",
            paths=[
                "lambdas/__init__.py",
                "lambdas/common",
                "lambdas/saas_metering/__init__.py",
                "lambdas/saas_metering/merge_small_files",
                "sql/saas_metering/jobs",
            ],
            environment={
                **tables.model_dump(),
                "BUCKET": names.bucket,
                "OLD_TABLE_S3_FOLDER_NAME": names.json_folder,
                "WORK_GROUP": config.athena_work_group_name,
                "LOOK_BACK_HOURS": str(config.saas_metering.look_back_hours),
                "METRICS_NAMESPACE": METRICS_NAMESPACE,
            },
            layer_arns=[],
            memory_in_mb=256,
            timeout_in_seconds=_TIMEOUT_IN_SECONDS,
            log=LogSettings(config.log_retention_in_days),
            permissions=merge_permissions(names, tables),
        )

    def _run_every_hour(self, function: PythonFunction, config: SaasMeteringConfig) -> None:
        rule = CfnResource(
            self,
            "MergeRule",
            type="AWS::Events::Rule",
            properties={
                "Name": MERGE_RULE,
                "Description": "Merges the log of the hour before, and of hours that late lines changed",
                "ScheduleExpression": f"cron({_minute(config)} * * * ? *)",
                "State": "ENABLED",
                "Targets": [{"Id": "merge", "Arn": function.arn}],
            },
        )
        CfnResource(
            self,
            "InvokeMerge",
            type="AWS::Lambda::Permission",
            properties={
                "Action": "lambda:InvokeFunction",
                "FunctionName": function.ref,
                "Principal": "events.amazonaws.com",
                "SourceArn": rule.get_att("Arn"),
            },
        )

    def _grant(self, role_arn: str, config: SaasMeteringConfig) -> None:
        """Where access is left to IAM they change nothing; where Lake Formation governs, all are needed."""
        tables = config.merge_small_files_lambda_env
        # Only an administrator may grant on a database that somebody else created.
        admin = append_admin(self, "DataLakeSettings", principal_arn=deploy_role_arn(self))
        for prefix, database in {"Old": tables.OLD_DATABASE, "New": tables.NEW_DATABASE}.items():
            if prefix == "Old" and database == tables.NEW_DATABASE:
                continue
            made = ["CREATE_TABLE"] if prefix == "New" else []
            dropped = ["INSERT", "DELETE", "DROP"] if prefix == "New" else []
            to = {"principal_arn": role_arn, "catalog_id": self.account, "database": database}
            for grant in (
                grant_on_database(self, f"{prefix}DatabaseGrant", **to, permissions=["DESCRIBE", *made]),
                grant_on_all_tables(
                    self,
                    f"{prefix}TablesGrant",
                    **to,
                    permissions=["SELECT", "DESCRIBE", "ALTER", *dropped],
                ),
            ):
                grant.add_resource_dependency(admin)


def _minute(config: SaasMeteringConfig) -> int:
    """A minute after Firehose wrote the last lines of the hour before."""
    return -(-config.firehose.buffer_interval_in_seconds // 60) + 1
