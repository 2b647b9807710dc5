"""The four functions of the report, each with what it needs and no more.

https://docs.aws.amazon.com/athena/latest/ug/example-policies-workgroup.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from constructs import Construct

from stacks.common.iam import Permission, allow
from stacks.common.log_group import LogSettings
from stacks.common.python_function import PythonFunction
from stacks.event_reporting.config import EventReportingConfig
from stacks.event_reporting.names import EVENTS_FOLDER, RESULTS_FOLDER, Names

_SECONDS_BETWEEN_CHECKS = 30
"""As the state Wait has it."""
_CODE = ("lambdas/__init__.py", "lambdas/common", "lambdas/event_reporting")
_SQL = "sql/event_reporting/jobs"


class ReportFunctions:
    """Makes them; their names are `event-report-{task}-{environment}-{application}`."""

    def __init__(self, scope: Construct, names: Names, config: EventReportingConfig) -> None:
        self._scope = scope
        self._names = names
        self._config = config

    def start_query(self) -> PythonFunction:
        report = self._config.event_reporting.report
        return self._function(
            "start_query",
            "Checks the period of a report and starts its query",
            environment={
                "DATABASE_NAME": self._names.database,
                "WORK_GROUP": self._names.report,
                "LONGEST_PERIOD_IN_DAYS": str(report.longest_period_in_days),
                "QUERY_CHECKS": str(report.query_timeout_in_minutes * 60 // _SECONDS_BETWEEN_CHECKS),
            },
            permissions=self._query_permissions(),
            paths=[*_CODE, _SQL],
        )

    def _query_permissions(self) -> dict[str, Permission]:
        """Athena reads the table and writes the result in the name of who starts the query."""
        names = self._names
        return {
            "StartQuery": allow(["athena:StartQueryExecution"], [names.work_group_arn]),
            "ReadTable": allow(
                ["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"], names.catalog_arns
            ),
            # https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
            "AthenaAsksForDefault": allow(["glue:GetDatabase"], [names.arn("glue", "database/default")]),
            "ReadEvents": allow(
                ["s3:GetObject"],
                [f"{names.events_bucket_arn}/{EVENTS_FOLDER}*"],
                wildcard="A report may need any of the table's files.",
            ),
            "UseBuckets": allow(
                ["s3:GetBucketLocation", "s3:ListBucket"],
                [names.events_bucket_arn, names.results_bucket_arn],
            ),
            "WriteResult": allow(
                ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
                [f"{names.results_bucket_arn}/{RESULTS_FOLDER}*"],
                wildcard="Athena names the objects of a result itself.",
            ),
        }

    def check_query(self) -> PythonFunction:
        return self._function(
            "check_query",
            "Looks how far the query of a report is",
            environment={},
            permissions={
                "CheckQuery": allow(["athena:GetQueryExecution"], [self._names.work_group_arn]),
            },
        )

    def send_report(self, topic_arn: str) -> PythonFunction:
        days = self._config.event_reporting.query_output_expires_after_days
        return self._function(
            "send_report",
            "Mails a report, or why there is none",
            environment={"TOPIC_ARN": topic_arn, "RESULTS_EXPIRE_AFTER_DAYS": str(days)},
            permissions={
                "AskForResult": allow(["athena:GetQueryResults"], [self._names.work_group_arn]),
                "ReadResult": allow(
                    ["s3:GetObject"],
                    [f"{self._names.results_bucket_arn}/{RESULTS_FOLDER}*"],
                    wildcard="Athena names the objects of a result itself.",
                ),
                "Publish": allow(["sns:Publish"], [topic_arn]),
            },
        )

    def start_workflow(self, state_machine_arn: str, dead_letters_arn: str) -> PythonFunction:
        return self._function(
            "start_workflow",
            "Starts the report of the month that has ended",
            environment={"STATE_MACHINE_ARN": state_machine_arn},
            permissions={
                "StartReport": allow(["states:StartExecution"], [state_machine_arn]),
                "KeepWhatFailed": allow(["sqs:SendMessage"], [dead_letters_arn]),
            },
        )

    def _function(
        self,
        task: str,
        description: str,
        *,
        environment: Mapping[str, str],
        permissions: Mapping[str, Permission],
        paths: Sequence[str] = _CODE,
    ) -> PythonFunction:
        return PythonFunction(
            self._scope,
            f"{task.title().replace('_', '')}Function",
            name=self._names.function(task),
            description=description,
            handler=f"lambdas.event_reporting.{task}.handler.lambda_handler",
            paths=paths,
            environment=environment,
            layer_arns=[],
            memory_in_mb=256,
            timeout_in_seconds=60,
            log=LogSettings(self._config.log_retention_in_days),
            permissions=permissions,
        )
