"""Files that go to the bootstrap bucket with a deployment, and from there into functions and layers.

https://docs.aws.amazon.com/cdk/v2/guide/assets.html
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jsii
from aws_cdk import (
    AssetHashType,
    AssetStaging,
    BundlingOptions,
    DockerImage,
    FileAssetPackaging,
    ILocalBundling,
    Stack,
)
from constructs import Construct

from stacks.config import ROOT

_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "requirements.*")


@dataclass(frozen=True)
class S3Object:
    """Where CloudFormation finds a file."""

    bucket: str
    key: str


def add_zip_file(scope: Construct, id: str, path: Path) -> S3Object:
    """A zip file as it is."""
    return _upload(AssetStaging(scope, id, source_path=str(path)), FileAssetPackaging.FILE)


def add_repository_files(scope: Construct, id: str, paths: Sequence[str]) -> S3Object:
    """Files and folders of the repository at their own paths; the asset changes when one of them does."""
    staging = AssetStaging(
        scope,
        id,
        source_path=str(ROOT / "lambdas"),
        asset_hash_type=AssetHashType.OUTPUT,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("unused"),
            command=list(paths),  # by this the CDK tells one package from another; `local` it does not see
            local=_Copy(paths),
        ),
    )
    return _upload(staging, FileAssetPackaging.ZIP_DIRECTORY)


@jsii.implements(ILocalBundling)
class _Copy:
    """Copies, so that nothing needs Docker."""

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


def _upload(staging: AssetStaging, packaging: FileAssetPackaging) -> S3Object:
    stack = Stack.of(staging)
    location = stack.synthesizer.add_file_asset(
        file_name=staging.relative_staged_path(stack), packaging=packaging, source_hash=staging.asset_hash
    )
    return S3Object(location.bucket_name, location.object_key)
