"""Code and layers: what of them the functions get, and what the environment must have."""

from __future__ import annotations

import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import LocalRuntimeError
from local_runtime.lambdas.package import unpack_code, unpack_layer

ARN = "arn:aws:lambda:us-east-1:123456789012:layer:fast:1"
FASTAVRO = version("fastavro")


def layer_files(name: str, package_version: str) -> dict[str, str]:
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {package_version}\n"
    return {
        f"python/{name}-{package_version}.dist-info/METADATA": metadata,
        f"python/{name}/__init__.py": "raise ImportError('built for another processor')",
    }


def assembly_with_layer(tmp_path: Path, files: dict[str, str]) -> Assembly:
    archive = tmp_path / "asset.layer.zip"
    with zipfile.ZipFile(archive, "w") as layer:
        for name, text in files.items():
            layer.writestr(name, text)
    content = {"S3Bucket": "assets", "S3Key": "layer.zip"}
    resource = Resource("Stack", "Layer", "AWS::Lambda::LayerVersion", {"Content": content}, ARN, {})
    assets = {("assets", "layer.zip"): archive}
    return Assembly(tmp_path, "aws", "us-east-1", "123456789012", (resource,), {}, assets)


def test_packages_of_a_layer_are_left_to_the_environment(tmp_path: Path) -> None:
    assembly = assembly_with_layer(tmp_path, layer_files("fastavro", FASTAVRO))

    assert unpack_layer(ARN, assembly, tmp_path / "layers") == []
    assert unpack_layer(ARN, assembly, tmp_path / "layers") == []


@pytest.mark.parametrize("folder", ["python", "python/lib/python3.14/site-packages"])
def test_modules_of_a_layer_that_no_package_claims_are_on_the_path(tmp_path: Path, folder: str) -> None:
    files = {**layer_files("fastavro", FASTAVRO), f"{folder}/ours.py": "value = 1"}

    [path] = unpack_layer(ARN, assembly_with_layer(tmp_path, files), tmp_path / "layers")

    assert (path / "ours.py").is_file()
    assert not (path / "fastavro").exists()


@pytest.mark.parametrize(
    ("name", "wanted", "message"),
    [
        ("fastavro", "0.0.1", rf"holds fastavro 0\.0\.1 .* which has {FASTAVRO}: install fastavro==0\.0\.1"),
        ("no-such-package", "1.0", "holds no-such-package 1.0 .* which does not have it"),
    ],
)
def test_environment_without_a_layers_package_in_its_version_is_refused(
    tmp_path: Path, name: str, wanted: str, message: str
) -> None:
    assembly = assembly_with_layer(tmp_path, layer_files(name, wanted))

    for _ in range(2):
        with pytest.raises(LocalRuntimeError, match=f"layer Stack/Layer {message}"):
            unpack_layer(ARN, assembly, tmp_path / "layers")


def test_layer_of_another_account_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalRuntimeError, match="layer arn:other is in none of the assembly's stacks"):
        unpack_layer("arn:other", assembly_with_layer(tmp_path, {}), tmp_path / "layers")


def function(code: dict[str, str]) -> Resource:
    return Resource("Stack", "F", "AWS::Lambda::Function", {"Code": code}, "f", {"Arn": "arn"})


def test_code_is_a_copy_so_that_a_new_synth_does_not_pull_it_away(tmp_path: Path) -> None:
    assembly = assembly_with_layer(tmp_path, {"index.py": "x = 1"})

    root = unpack_code(function({"S3Bucket": "assets", "S3Key": "layer.zip"}), assembly, tmp_path / "code")

    assert (root / "index.py").read_text() == "x = 1"
    assert root.is_relative_to(tmp_path / "code")


def test_inline_code_is_the_module_index(tmp_path: Path) -> None:
    assembly = assembly_with_layer(tmp_path, {})
    root = unpack_code(function({"ZipFile": "x = 2"}), assembly, tmp_path / "code")
    assert (root / "index.py").read_text() == "x = 2"


def test_code_that_is_no_asset_is_named(tmp_path: Path) -> None:
    code = {"S3Bucket": "mine", "S3Key": "var/code.zip"}
    with pytest.raises(
        LocalRuntimeError, match=r"Stack/F: s3://mine/var/code\.zip is no asset of the assembly"
    ):
        unpack_code(function(code), assembly_with_layer(tmp_path, {}), tmp_path / "code")


def test_this_environment_can_be_imported_by_its_functions() -> None:
    assert any(Path(entry, "awslambdaric").is_dir() for entry in sys.path)
