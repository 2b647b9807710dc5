"""Mapping templates and the code that names them; tests/contract/test_vtl_templates.py renders them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STACKS = Path(__file__).parents[2] / "stacks"
TEMPLATES = sorted(STACKS.glob("*/mapping_templates/*.vtl"))


def test_every_template_is_named_in_its_system() -> None:
    for template in TEMPLATES:
        code = "".join(path.read_text(encoding="utf-8") for path in template.parents[1].glob("*.py"))
        assert f'"{template.name}"' in code, template


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_nothing_is_printed_raw_from_the_request(template: Path) -> None:
    """Text from `$input.json` is JSON already; everything else goes through `$util`."""
    text = template.read_text(encoding="utf-8")
    assert "$input.body" not in text
    printed = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    assert not re.search(r"(?<!\()\$!?input\.params", printed)
    # An argument of a function, bare or quoted, is not printed.
    assert not re.search(r"""(?<!\()(?<!\(")\$!?record\.get\('(data|partition-key)'\)""", printed)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_names_with_a_hyphen_are_read_by_get(template: Path) -> None:
    """Velocity 1.7 takes the hyphen for a part of the name, Velocity 2 does not."""
    assert not re.search(r"\$!?\w+\.\w+-\w", template.read_text(encoding="utf-8"))
