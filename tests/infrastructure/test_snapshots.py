"""A snapshot of each template: it says that something moved; the other tests say what matters."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension
from syrupy.location import PyTestLocation

from tests.deploy_order import STACKS


class TemplateSnapshot(JSONSnapshotExtension):
    """One file a stack in tests/snapshots."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(Path(test_location.filepath).parents[1] / "snapshots" / test_location.basename)


def normalised(document: Any) -> Any:
    """Without what changes with the code of a function or with the release of the CDK."""
    text = json.dumps({key: document[key] for key in ("Description", "Resources", "Outputs")})
    text = re.sub(r"[0-9a-f]{64}\.zip", "ASSET.zip", text)
    return json.loads(re.sub(r"(Deployment[0-9A-F]{8})[0-9a-f]{32}", r"\1HASH", text))


@pytest.mark.parametrize("stack", STACKS)
def test_template_is_the_one_on_record(stack: str, assembly: Any, snapshot: SnapshotAssertion) -> None:
    recorded = snapshot.use_extension(TemplateSnapshot)
    assert normalised(assembly[stack].document) == recorded
