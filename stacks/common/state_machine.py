"""A Step Functions state machine whose definition is a file, with a role, a log and traces of its own.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import CfnResource, Stack
from aws_cdk.aws_iam import ServicePrincipal
from constructs import Construct

from stacks.common.iam import InlineRole, Permission, allow
from stacks.common.log_group import LogSettings, add_log_group

_LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
_TRACES = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)


class StateMachine(CfnResource):
    """A standard state machine. `substitutions`: the values of `${name}` in the file.

    `permissions`: what its tasks may do, by Sid.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        definition: Path,
        substitutions: Mapping[str, str],
        permissions: Mapping[str, Permission],
        log: LogSettings,
    ) -> None:
        # Log groups elsewhere than under vendedlogs fill up the account's policy for log delivery.
        log_group = add_log_group(scope, f"{id}Log", settings=log, name=f"/aws/vendedlogs/states/{name}")
        role = InlineRole(
            scope,
            f"{id}Role",
            assumed_by=ServicePrincipal(
                "states.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
            ),
            description=f"What the state machine {name} may do",
            permissions={
                **permissions,
                "DeliverLog": allow(
                    list(_LOG_DELIVERY),
                    ["*"],
                    wildcard="The actions of log delivery know no narrower resource.",
                ),
                "WriteTraces": allow(list(_TRACES), ["*"], wildcard="X-Ray knows no narrower resource."),
            },
        )
        super().__init__(
            scope,
            id,
            type="AWS::StepFunctions::StateMachine",
            properties={
                "StateMachineName": name,
                "StateMachineType": "STANDARD",
                "RoleArn": role.role_arn,
                "DefinitionString": definition.read_text(encoding="utf-8"),
                "DefinitionSubstitutions": substitutions,
                "LoggingConfiguration": {
                    "Level": "ALL",
                    "IncludeExecutionData": True,
                    "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": log_group.attr_arn}}],
                },
                "TracingConfiguration": {"Enabled": True},
            },
        )
