"""What is written from the configuration models is what they say today."""

from __future__ import annotations

import json

import jsonschema_rs

from stacks import config_docs
from stacks.config import ROOT


def test_configuration_page_is_up_to_date() -> None:
    assert config_docs.PAGE.read_text(encoding="utf-8") == config_docs.page(), (
        "run python -m stacks.config_docs"
    )


def test_context_schema_is_up_to_date() -> None:
    assert config_docs.SCHEMA.read_text(encoding="utf-8") == config_docs.schema(), (
        "run python -m stacks.config_docs"
    )


def test_committed_context_follows_its_schema() -> None:
    schema = jsonschema_rs.validator_for(json.loads(config_docs.schema()))
    context = json.loads((ROOT / "cdk.context.json").read_text(encoding="utf-8"))
    assert schema.is_valid(context)
    assert schema.is_valid({**context, "@aws-cdk/core:flag": True, "availability-zones:account=1": []})
    assert not schema.is_valid({**context, "kinesis_stream": "x"})
