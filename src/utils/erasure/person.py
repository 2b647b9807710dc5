"""Recognizes one person's id: in a table's column by its hash, in a failed record wherever it stands.

A statement and its parameters stay in Athena's history for 45 days, so the id itself is never in one.
https://docs.aws.amazon.com/athena/latest/ug/queries-viewing-history.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from src.utils.aws.athena import text_literal


@dataclass(frozen=True)
class Person:
    """Whom to erase."""

    id: str

    @property
    def parameter(self) -> str:
        """The execution parameter for the question mark of `condition`."""
        return text_literal(hashlib.sha256(self.id.encode()).hexdigest())

    def mentioned_in(self, text: str) -> bool:
        """Whether the id stands in a text by itself, not as a part of a longer word."""
        return re.search(rf"(?<![\w-]){re.escape(self.id)}(?![\w-])", text) is not None

    def mentioned_in_record(self, data: bytes) -> bool:
        """Whether a record speaks of the person: in JSON under any key, otherwise in its characters."""
        text = data.decode(errors="replace")
        try:
            values = list(_scalars(json.loads(text)))
        except (ValueError, RecursionError):
            return self.mentioned_in(text)
        return any(self.mentioned_in(value) for value in values)


def condition(column: str) -> str:
    """True for the person's rows; its question mark stands for the hash of the id."""
    return f'lower(to_hex(sha256(to_utf8("{column}")))) = ?'


def _scalars(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for key, item in value.items():
                yield str(key)
                yield from _scalars(item)
        case list():
            for item in value:
                yield from _scalars(item)
        case None | bool():
            return
        case _:
            yield str(value)
