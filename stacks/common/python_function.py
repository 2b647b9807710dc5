"""A Python function whose package mirrors the repository: one dotted path names its handler everywhere.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from aws_cdk import CfnResource
from aws_cdk.aws_iam import ServicePrincipal
from constructs import Construct

from stacks.common.assets import S3Object, add_repository_files
from stacks.common.iam import InlineRole, Permission, allow
from stacks.common.log_group import LogSettings, add_log_group

# aws_cdk.aws_lambda would import all of aws_ec2 (docs/decisions/0005).
RUNTIME = "python3.14"
ARCHITECTURE = "arm64"
_NONE: Mapping[str, Permission] = MappingProxyType({})


class PythonFunction(CfnResource):
    """A function on arm64 with a role, a log group and traces of its own.

    `permissions`: what it may do besides, by Sid.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        description: str,
        handler: str,
        paths: Sequence[str],
        environment: Mapping[str, str],
        layer_arns: Sequence[str],
        memory_in_mb: int,
        timeout_in_seconds: int,
        log: LogSettings,
        permissions: Mapping[str, Permission] = _NONE,
    ) -> None:
        # Not /aws/lambda/{name}, which an earlier function of that name may have left behind.
        log_group = add_log_group(scope, f"{id}Log", settings=log, name=f"/functions/{name}")
        role = InlineRole(
            scope,
            f"{id}Role",
            assumed_by=ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {name} may do",
            permissions={
                "WriteLog": allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.attr_arn]),
                "WriteTraces": allow(
                    ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
                    ["*"],
                    wildcard="X-Ray knows no narrower resource.",
                ),
                **permissions,
            },
        )
        self.role_arn = role.role_arn
        code = add_repository_files(scope, f"{id}Code", paths)
        super().__init__(
            scope,
            id,
            type="AWS::Lambda::Function",
            properties={
                "FunctionName": name,
                "Description": description,
                "Runtime": RUNTIME,
                "Architectures": [ARCHITECTURE],
                "Handler": handler,
                "Code": {"S3Bucket": code.bucket, "S3Key": code.key},
                "Environment": {"Variables": environment},
                "Layers": layer_arns,
                "MemorySize": memory_in_mb,
                "Timeout": timeout_in_seconds,
                "TracingConfig": {"Mode": "Active"},
                "Role": role.role_arn,
                "LoggingConfig": {"LogGroup": log_group.ref},
            },
        )

    @property
    def arn(self) -> str:
        return self.get_att("Arn").to_string()


class LambdaLayer(CfnResource):
    """A layer for functions of that runtime and architecture."""

    def __init__(self, scope: Construct, id: str, *, package: S3Object, description: str) -> None:
        super().__init__(
            scope,
            id,
            type="AWS::Lambda::LayerVersion",
            properties={
                "Description": description,
                "Content": {"S3Bucket": package.bucket, "S3Key": package.key},
                "CompatibleRuntimes": [RUNTIME],
                "CompatibleArchitectures": [ARCHITECTURE],
            },
        )
