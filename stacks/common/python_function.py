"""A Python function whose package mirrors the repository, so that one dotted path names it everywhere.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, Duration, ILocalBundling, Stack
from aws_cdk.aws_iam import ServicePrincipal
from aws_cdk.aws_lambda import Architecture, Code, Function, ILayerVersion, Runtime, Tracing
from aws_cdk.aws_logs import LogGroup
from constructs import Construct

from stacks.common.avro_schema import ROOT
from stacks.common.iam import InlineRole, allow
from stacks.common.log_group import add_log_group

_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "requirements.*")


@jsii.implements(ILocalBundling)
class _Copy:
    """Copies files and folders of the repository; nothing needs Docker."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths

    def try_bundle(self, output_dir: str, *_options: object, **_more: object) -> bool:
        for path in self._paths:
            source, target = ROOT / path, Path(output_dir, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=_IGNORED)
            else:
                shutil.copyfile(source, target)
        return True


def repository_code(paths: Sequence[str]) -> Code:
    """The given files and folders at their own paths; the asset changes when one of them does."""
    return Code.from_asset(
        str(ROOT / "lambdas"),
        asset_hash_type=AssetHashType.OUTPUT,
        bundling=BundlingOptions(image=DockerImage.from_registry("unused"), local=_Copy(paths)),
    )


class PythonFunction(Function):
    """A function on arm64 with a role, a log group and traces of its own."""

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
        layers: Sequence[ILayerVersion],
        memory_in_mb: int,
        timeout: Duration,
        log_retention_in_days: int,
    ) -> None:
        # Not /aws/lambda/{name}: the service recreates that one, without retention, after a stack is destroyed.
        log_group = add_log_group(
            scope, f"{id}Log", name=f"/web-analytics/{name}", retention_in_days=log_retention_in_days
        )
        role = InlineRole(
            scope,
            f"{id}Role",
            assumed_by=ServicePrincipal("lambda.amazonaws.com"),
            description=f"Lets {name} write its log and its traces",
            statements={
                "WriteLog": allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.attr_arn]),
                # X-Ray knows no narrower resource.
                "WriteTraces": allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]),
            },
        )
        super().__init__(
            scope,
            id,
            function_name=name,
            description=description,
            runtime=Runtime.PYTHON_3_14,
            architecture=Architecture.ARM_64,
            handler=handler,
            code=repository_code(paths),
            environment=dict(environment),
            layers=list(layers),
            memory_size=memory_in_mb,
            timeout=timeout,
            tracing=Tracing.ACTIVE,
            role=role.without_policy_updates(),
            log_group=LogGroup.from_log_group_arn(scope, f"{id}LogGroup", log_group.attr_arn),
        )
