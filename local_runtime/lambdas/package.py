"""A function's code and layers, unpacked under the state directory where its processes run from them.

A layer is built for Lambda's own processor and Python, so its packages cannot be loaded here. The local
environment must hold the very same versions; what a layer has besides packages is taken as it is.
https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import LocalRuntimeError

LAYER_TYPE = "AWS::Lambda::LayerVersion"


def unpack_code(resource: Resource, assembly: Assembly, into: Path) -> Path:
    """The function's task root: a copy of its asset."""
    code: Mapping[str, Any] = resource.properties["Code"]
    where = f"{resource.stack}/{resource.logical_id}"
    if "ZipFile" in code:
        return _inline(str(code["ZipFile"]), into)
    return _unpack(_asset(assembly, code, where), into)


def unpack_layer(arn: str, assembly: Assembly, into: Path) -> list[Path]:
    """The folders of a layer that belong on the path of its functions.

    Raises:
        LocalRuntimeError: it is no layer of the assembly, or the environment lacks one of its packages.
    """
    layer = assembly.by_physical_id(LAYER_TYPE, arn)
    if layer is None:
        raise LocalRuntimeError(
            f"layer {arn} is in none of the assembly's stacks; the local run cannot fetch it"
        )
    where = f"{layer.stack}/{layer.logical_id}"
    asset = _asset(assembly, layer.properties["Content"], where)

    def leave_to_the_environment(root: Path) -> None:
        for folder in _site_folders(root):
            for distribution in metadata.distributions(path=[str(folder)]):
                _remove_modules(folder, _same_version(distribution, where))

    root = _unpack(asset, into, leave_to_the_environment)
    for folder in _site_folders(root):
        for distribution in metadata.distributions(path=[str(folder)]):
            _same_version(distribution, where)
    return [folder for folder in _site_folders(root) if _has_modules(folder)]


def _asset(assembly: Assembly, location: Mapping[str, Any], where: str) -> Path:
    bucket, key = str(location["S3Bucket"]), str(location["S3Key"])
    asset = assembly.assets.get((bucket, key))
    if asset is None:
        raise LocalRuntimeError(
            f"{where}: s3://{bucket}/{key} is no asset of the assembly; the local run has only what synth "
            "staged, so synthesize with the local package instead of the uploaded one"
        )
    return asset


def _site_folders(root: Path) -> list[Path]:
    """Where Lambda looks for Python modules in a layer."""
    folders = [root / "python", *sorted(root.glob("python/lib/python3.*/site-packages"))]
    return [folder for folder in folders if folder.is_dir()]


def _same_version(wanted: metadata.Distribution, where: str) -> metadata.Distribution:
    try:
        found = metadata.distribution(wanted.name)
    except metadata.PackageNotFoundError:
        problem = "does not have it"
    else:
        if found.version == wanted.version:
            return found
        problem = f"has {found.version}"
    raise LocalRuntimeError(
        f"layer {where} holds {wanted.name} {wanted.version} for Lambda's processor; the local run takes the "
        f"package from its own environment, which {problem}: install {wanted.name}=={wanted.version}"
    )


def _remove_modules(folder: Path, installed: metadata.Distribution) -> None:
    """Removes what the environment's own copy provides, but keeps the dist-info, which names the version."""
    names = {file.parts[0] for file in installed.files or ()}
    for name in names:
        entry = folder / name
        if name == ".." or name.endswith(".dist-info") or not entry.exists():
            continue
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _has_modules(folder: Path) -> bool:
    return any(entry.suffix != ".dist-info" and entry.name != "lib" for entry in folder.iterdir())


def _inline(source: str, into: Path) -> Path:
    root = into / f"inline.{sha256(source.encode()).hexdigest()}"
    root.mkdir(parents=True, exist_ok=True)
    (root / "index.py").write_text(source, encoding="utf-8")
    return root


def _unpack(asset: Path, into: Path, then: Callable[[Path], None] | None = None) -> Path:
    """Copies or unzips an asset once; its name holds its hash, so a folder that is there is the right one."""
    root = into / asset.name
    if root.exists():
        return root
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix="unpacking-") as temporary:
        fresh = Path(temporary) / "asset"
        if asset.is_dir():
            shutil.copytree(asset, fresh)
        else:
            with zipfile.ZipFile(asset) as archive:
                archive.extractall(fresh)
        if then is not None:
            then(fresh)
        fresh.rename(root)
    return root
