"""`python -m stacks.config_docs` writes what the models say: a page for people, a JSON schema for editors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app import AppConfig
from stacks.config import CDK_KEYS, CDK_PATTERN, ROOT
from stacks.config_errors import allowed, resolved

PAGE = ROOT / "docs" / "configuration.md"
SCHEMA = ROOT / "cdk.context.schema.json"

_HEAD = """# Configuration

<!-- Written by `python -m stacks.config_docs` from the models in stacks/; change those. -->

All settings live in `cdk.context.json`; every one has a default. `npx cdk deploy -c key=value` overrides one
for a run, a whole section as JSON: `-c 'kinesis_proxy_api={"authorization": "all"}'`. Wrong values and
unknown keys are refused before anything is synthesized, all at once. Editors complete the file by
`cdk.context.schema.json`.

`CDK_DEFAULT_ACCOUNT` and `CDK_DEFAULT_REGION`, which the CLI sets from your credentials, bind the stacks
to that account and region; without them the templates fit any.
"""


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")


def schema() -> str:
    """The JSON schema of `cdk.context.json`."""
    document = AppConfig.model_json_schema() | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of the web analytics pipeline",
        "patternProperties": {CDK_PATTERN: {"description": "Written by the CDK CLI"}},
    }
    document["properties"] |= {key: {"description": "Written by the CDK CLI"} for key in sorted(CDK_KEYS)}
    return json.dumps(document, indent=2) + "\n"


def page() -> str:
    """The page: one table a section."""
    root = AppConfig.model_json_schema()
    return _HEAD + "".join(_section(path, node, root) for path, node in _sections("", root, root))


def _sections(
    path: str, node: Mapping[str, Any], root: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield path, node
    for key, value in node["properties"].items():
        child = resolved(value, root)
        if "properties" in child:
            yield from _sections(f"{path}.{key}" if path else key, child, root)


def _section(path: str, node: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    title = f"`{path}`" if path else "Top level"
    rows = "".join(
        _row(key, resolved(value, root), root)
        for key, value in node["properties"].items()
        if "properties" not in resolved(value, root)
    )
    table = f"\n| setting | allowed | default | meaning |\n|---|---|---|---|\n{rows}" if rows else ""
    return f"\n## {title}\n\n{node['description']}\n{table}"


def _row(key: str, node: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    default = node.get("default")
    shown = "none" if default is None else f"`{json.dumps(default)}`"
    cells = (f"`{key}`", allowed(node, root), shown, " ".join(node["description"].split()))
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"


if __name__ == "__main__":
    main()
