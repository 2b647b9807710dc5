"""The pinned CDK command line reads the app, and prints the stacks in the contract's order."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.conftest import ROOT
from tests.deploy_order import DEPLOY_ORDER, STACKS


def cdk(output: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The CLI with an output of its own: two at once do not share one."""
    binary = ROOT / "node_modules/.bin/cdk"
    path = f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [binary, *arguments, "--output", output],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_cdk_ls_prints_the_stacks_in_deploy_order(tmp_path: Path) -> None:
    finished = cdk(tmp_path, "ls")
    assert finished.returncode == 0, finished.stderr
    printed = finished.stdout.splitlines()
    assert sorted(printed) == sorted(STACKS)
    for order in DEPLOY_ORDER.values():
        assert [stack for stack in printed if stack in order] == order


def test_cdk_ls_of_one_system_prints_its_stacks_alone(tmp_path: Path) -> None:
    finished = cdk(tmp_path, "ls", "-c", "systems=web_analytics")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines() == DEPLOY_ORDER["web_analytics"]


def test_wrong_settings_end_the_command_line_with_one_line_each(tmp_path: Path) -> None:
    settings = json.dumps({"buffering_hints": {"size_in_mbs": 0}, "nonsense": 1})
    finished = cdk(tmp_path, "ls", "-c", f"data_firehose_configuration={settings}")
    assert finished.returncode != 0
    assert "data_firehose_configuration.buffering_hints.size_in_mbs: must be 1-128 (got 0)" in finished.stderr
    assert "data_firehose_configuration.nonsense" in finished.stderr
    assert "Traceback" not in finished.stderr
