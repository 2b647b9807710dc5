"""What a click is, by `schemas/click_logger/click.avsc`: for the API's function and the delivery's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).parents[2] / "schemas" / "click_logger" / "click.avsc"


@dataclass(frozen=True)
class ClickSchema:
    """The fields that a client sends with their longest length, and those that the pipeline adds."""

    sent: Mapping[str, int]
    added: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "ClickSchema":
        fields = json.loads(text)["fields"]
        return cls(
            sent={field["name"]: field["maxLength"] for field in fields if "pipeline" not in field},
            added=tuple(field["name"] for field in fields if "pipeline" in field),
        )

    def problem(self, click: Any) -> str | None:
        """What is wrong with what a client sent, in words for the client; None when it is a click."""
        if not isinstance(click, dict):
            return "the body must be a JSON object"
        if missing := sorted(self.sent.keys() - click.keys()):
            return f"missing: {', '.join(missing)}"
        if unknown := sorted(click.keys() - self.sent.keys()):
            return f"not allowed: {', '.join(unknown)[:100]}"
        for name, longest in self.sent.items():
            if not is_text(click[name], longest):
                return f"{name} must be a text of 1-{longest} characters"
        return None


def is_text(value: object, longest: int) -> bool:
    """Whether it can be stored: no empty text, and no half of a surrogate pair, which no UTF-8 has."""
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


@cache
def click_schema() -> ClickSchema:
    return ClickSchema.parse(SCHEMA.read_text(encoding="utf-8"))
