"""cdk-nag over the templates: what it finds is accepted with a reason, and docs/security.md lists it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from stacks.common import acknowledgement
from stacks.config import ROOT, context_files
from stacks.every_option import EVERY_OPTION
from stacks.security_report import (
    PAGE,
    Assembly,
    Finding,
    findings,
    page,
    synthesized,
    template_errors,
    unacknowledged,
)


@pytest.fixture(scope="module")
def found() -> Sequence[Finding]:
    with synthesized(context_files()) as assembly:
        return findings(assembly)


@pytest.fixture(scope="module")
def everything() -> Iterator[Assembly]:
    with synthesized({**context_files(), **EVERY_OPTION}) as assembly:
        yield assembly


@pytest.fixture(scope="module")
def found_in_everything(everything: Assembly) -> Sequence[Finding]:
    return findings(everything)


def test_every_finding_is_accepted_with_a_reason(found: Sequence[Finding]) -> None:
    assert unacknowledged(found) == []


def test_every_finding_is_accepted_with_every_option_on(found_in_everything: Sequence[Finding]) -> None:
    assert unacknowledged(found_in_everything) == []
    of_collector = [finding for finding in found_in_everything if "KdsProxyApiGw" in finding.resource]
    assert not {"APIG3", "APIG4"} & {finding.rule for finding in of_collector}


def test_every_option_adds_the_resources_that_the_committed_settings_lack(everything: Assembly) -> None:
    templates = [json.loads(path.read_text(encoding="utf-8")) for path in everything.templates.values()]
    types = {resource["Type"] for template in templates for resource in template["Resources"].values()}
    assert {
        "AWS::KMS::Key",
        "AWS::SNS::Subscription",
        "AWS::WAFv2::WebACL",
        "Custom::S3AutoDeleteObjects",
    } <= types


def test_cfn_lint_names_template_line_and_rule(tmp_path: Path) -> None:
    (tmp_path / "Broken.template.json").write_text(
        json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Nam": "x"}}}}),
        encoding="utf-8",
    )
    (line,) = template_errors(Assembly(tmp_path))
    assert line.startswith("Broken.template.json:1: E3002 ")


def test_page_is_up_to_date(found: Sequence[Finding], found_in_everything: Sequence[Finding]) -> None:
    written = page(found, found_in_everything)
    assert PAGE.read_text(encoding="utf-8") == written, "run python -m stacks.security_report"


def test_plain_resources_are_checked_too(found: Sequence[Finding]) -> None:
    """The delivery stream is no typed construct in the app."""
    assert ("KDF1", "WebAnalyticsFirehoseToIcebergStack/DeliveryStream") in {
        (finding.rule, finding.resource) for finding in found
    }


def test_finding_without_a_reason_is_named_with_its_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acknowledgement, "PACK", "OtherPack")
    with synthesized(context_files()) as assembly:
        problems = unacknowledged(findings(assembly))
    bucket = [problem for problem in problems if "ToIcebergS3Path/Bucket:" in problem]
    assert bucket == [
        "WebAnalyticsDataFirehoseToIcebergS3Path/Bucket: The S3 Bucket has server access logs disabled. "
        "Mend it, or accept S1 beside the resource."
    ]


def test_ordinary_synth_does_not_import_cdk_nag() -> None:
    probe = "import app, sys; sys.exit('cdk_nag' in sys.modules or 'aws_cdk.aws_ec2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=False).returncode == 0
