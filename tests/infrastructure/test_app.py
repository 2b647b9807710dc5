"""The app as a command: its order, its sameness, its errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stacks.config import ROOT
from tests.deploy_order import DEPLOY_ORDER, STACKS


def run_app(outdir: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """`python app.py`, in an environment without a trace of the CDK."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("CDK_")}
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        env={**plain, "CDK_OUTDIR": str(outdir), "CDK_VALIDATION": "false", **env},
        cwd=outdir,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("system", DEPLOY_ORDER)
def test_manifest_holds_the_stacks_of_each_system_in_deploy_order(assembly: Any, system: str) -> None:
    order = DEPLOY_ORDER[system]
    assert [stack for stack in assembly.stacks if stack in order] == order


def test_every_stack_belongs_to_a_system(assembly: Any) -> None:
    assert sorted(assembly.stacks) == sorted(STACKS)


@pytest.mark.parametrize("system", DEPLOY_ORDER)
def test_a_system_alone_has_its_stacks_alone(synthesize_app: Any, system: str) -> None:
    assert synthesize_app(systems=system).stacks == DEPLOY_ORDER[system]


def test_no_stack_imports_from_another(assembly: Any) -> None:
    for stack in STACKS:
        text = str(assembly[stack].document)
        assert "Fn::ImportValue" not in text
        assert "Fn::GetStackOutput" not in text
        assert all("Export" not in output for output in assembly[stack].document["Outputs"].values())


def test_app_alone_gives_the_same_templates_every_time(assembly: Any, tmp_path: Path) -> None:
    ran = run_app(tmp_path)
    assert ran.returncode == 0, ran.stderr
    for stack in STACKS:
        template = f"{stack}.template.json"
        assert (tmp_path / template).read_bytes() == (assembly.directory / template).read_bytes()


def test_account_and_region_of_the_environment_bind_the_stacks(tmp_path: Path) -> None:
    ran = run_app(tmp_path, CDK_DEFAULT_ACCOUNT="210987654321", CDK_DEFAULT_REGION="eu-north-1")
    assert ran.returncode == 0, ran.stderr
    assert '"aws://210987654321/eu-north-1"' in (tmp_path / "manifest.json").read_text(encoding="utf-8")
    storage = tmp_path / "WebAnalyticsDataFirehoseToIcebergS3Path.template.json"
    assert '"web-analytics-eu-north-1-210987654321"' in storage.read_text(encoding="utf-8")


def test_every_mistake_is_one_line_on_standard_error(tmp_path: Path) -> None:
    ran = run_app(
        tmp_path, CDK_CONTEXT_JSON='{"kinesis_stream_name": "a b", "log_retention_in_days": 8, "x": 1}'
    )
    assert ran.returncode == 1
    assert ran.stdout == ""
    lines = ran.stderr.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["cdk.context.json", "log_retention_in_days"],
        ["cdk.context.json", "kinesis_stream_name"],
        ["cdk.context.json", "x"],
    ]
