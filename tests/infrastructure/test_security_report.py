"""cdk-nag over the templates: what it finds is accepted with a reason, and docs/security.md lists it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from stacks.common import acknowledgement
from stacks.config import ROOT, context_files
from stacks.security_report import PAGE, Finding, findings, page, unacknowledged

EVERYTHING_ON: dict[str, Any] = {
    "encryption": {"customer_managed_key": True},
    "kinesis_proxy_api": {
        "authorization": "all",
        "waf_rate_limit": 600,
        "allowed_source_ranges": ["192.0.2.0/24"],
    },
    "monitoring": {"alarm_email": "oncall@example.org", "nothing_received_after_minutes": 60},
}


@pytest.fixture(scope="module")
def found() -> Sequence[Finding]:
    return findings(context_files())


def test_every_finding_is_accepted_with_a_reason(found: Sequence[Finding]) -> None:
    assert unacknowledged(found) == []


def test_every_finding_is_accepted_with_everything_switched_on() -> None:
    with_everything = findings(context_files() | EVERYTHING_ON)
    assert unacknowledged(with_everything) == []
    assert not {"APIG3", "APIG4"} & {finding.rule for finding in with_everything}


def test_page_is_up_to_date(found: Sequence[Finding]) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(found), "run python -m stacks.security_report"


def test_plain_resources_are_checked_too(found: Sequence[Finding]) -> None:
    """The delivery stream is no typed construct in the app."""
    assert ("KDF1", "WebAnalyticsFirehoseToIcebergStack/DeliveryStream") in {
        (finding.rule, finding.resource) for finding in found
    }


def test_finding_without_a_reason_is_named_with_its_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acknowledgement, "PACK", "OtherPack")
    problems = unacknowledged(findings(context_files()))
    bucket = [problem for problem in problems if "/Bucket:" in problem]
    assert bucket == [
        "WebAnalyticsDataFirehoseToIcebergS3Path/Bucket: The S3 Bucket has server access logs disabled. "
        "Mend it, or accept S1 beside the resource."
    ]


def test_ordinary_synth_does_not_import_cdk_nag() -> None:
    probe = "import app, sys; sys.exit('cdk_nag' in sys.modules or 'aws_cdk.aws_ec2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=False).returncode == 0
