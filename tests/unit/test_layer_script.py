"""The layer script: what is in its package, that two builds are one, and what it says to a mistake.

The builds run on a copy of the script, so that the real `dist` stays as it is. The script takes the packages
from uv's cache, which has them since `make` built the layer.
"""

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = "build-aws-lambda-layer-package.sh"
TOOLS = Path(sys.executable).parent


def run(folder: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    search = f"{TOOLS}{os.pathsep}{os.environ['PATH']}" if path is None else path
    command = ["bash", str(folder / SCRIPT), *arguments]
    return subprocess.run(
        command, cwd="/", env={**os.environ, "PATH": search}, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    (folder / "lambdas").mkdir()
    shutil.copy(ROOT / SCRIPT, folder)
    shutil.copy(ROOT / "lambdas" / "requirements.txt", folder / "lambdas")
    return folder


@pytest.fixture(scope="module")
def package(copy: Path) -> Path:
    built = run(copy)
    assert built.returncode == 0, built.stderr
    return copy / "dist" / "fastavro-lib.zip"


def sha256(package: Path) -> str:
    return hashlib.sha256(package.read_bytes()).hexdigest()


def test_two_builds_give_the_same_file(copy: Path, package: Path) -> None:
    first = sha256(package)
    again = run(copy)
    assert again.returncode == 0, again.stderr
    assert sha256(package) == first
    assert f"sha256: {first}" in again.stdout
    assert f"size:   {package.stat().st_size} bytes" in again.stdout
    assert [entry.name for entry in package.parent.iterdir()] == [package.name]


def test_package_holds_the_modules_for_lambdas_platform_and_nothing_for_people(package: Path) -> None:
    with zipfile.ZipFile(package) as layer:
        names = layer.namelist()
    modules = [name for name in names if name.endswith(".so")]
    assert {name.split("/")[1] for name in modules} == {"fastavro", "msgspec", "xxhash"}
    assert all(name.endswith(".cpython-314-aarch64-linux-gnu.so") for name in modules)
    assert all(name.startswith("python/") for name in names)
    assert not [name for name in names if name.endswith((".pyi", ".pyc", "RECORD")) or "/bin/" in name]


def test_package_keeps_the_versions_and_licenses_of_what_it_holds(package: Path) -> None:
    with zipfile.ZipFile(package) as layer:
        names = layer.namelist()
    for distribution in ("fastavro-1.13.1", "msgspec-0.22.0", "xxhash-4.1.0"):
        assert f"python/{distribution}.dist-info/METADATA" in names
        assert f"python/{distribution}.dist-info/licenses/LICENSE" in names


def test_entries_have_sorted_names_fixed_dates_and_fixed_modes(package: Path) -> None:
    with zipfile.ZipFile(package) as layer:
        entries = layer.infolist()
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    modes = {(entry.is_dir(), stat.S_IMODE(entry.external_attr >> 16)) for entry in entries}
    assert modes == {(True, 0o755), (False, 0o644)}
    names = [entry.filename.rstrip("/").split("/") for entry in entries]
    assert names == sorted(names)


def test_bucket_gets_the_package_by_the_aws_cli(copy: Path, package: Path, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    aws = tmp_path / "aws"
    aws.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    aws.chmod(0o755)
    done = run(copy, "my-bucket", path=f"{tmp_path}{os.pathsep}{TOOLS}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert calls.read_text() == f"s3 cp --only-show-errors {package} s3://my-bucket/var/fastavro-lib.zip\n"
    assert "upload: s3://my-bucket/var/fastavro-lib.zip" in done.stdout


def test_bucket_without_the_aws_cli_is_an_error_before_anything_is_built(copy: Path, tmp_path: Path) -> None:
    for tool in ("bash", "dirname", "cat"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / tool).symlink_to(found)
    done = run(copy, "my-bucket", path=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == (
        "error: the upload to s3://my-bucket needs the AWS CLI, and there is no 'aws' on the PATH; "
        "without BUCKET the layer is built only\n"
    )


@pytest.mark.parametrize("bucket", ["s3://my-bucket", "My_Bucket", "x", ""])
def test_name_that_no_bucket_can_have_is_refused(bucket: str) -> None:
    done = run(ROOT, bucket)
    assert done.returncode == 1
    assert done.stderr.startswith("error: BUCKET must be a bucket's name: 3-63 lower-case letters")
    assert f"(got '{bucket}')" in done.stderr


def test_second_argument_is_refused() -> None:
    done = run(ROOT, "one-bucket", "another")
    assert (done.returncode, done.stderr) == (
        1,
        "error: there is one argument at most, BUCKET (got 2: one-bucket another)\n",
    )


def test_help_says_what_it_builds_and_where_it_puts_it() -> None:
    done = run(ROOT, "--help")
    assert done.returncode == 0
    assert "dist/fastavro-lib.zip" in done.stdout
    assert "s3://BUCKET/var/fastavro-lib.zip" in done.stdout
