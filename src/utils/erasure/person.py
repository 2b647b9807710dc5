"""Recognizes one person's id: in a table's column by its hash, in a failed record by its values.

A statement and its parameters stay in Athena's history for 45 days, so the id itself is never in one.
https://docs.aws.amazon.com/athena/latest/ug/queries-viewing-history.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from src.utils.aws.athena import text_literal


class Match(Enum):
    """What a failed record has to do with the person."""

    NONE = "none"
    POSSIBLE = "possible"
    """The id stands in it, but perhaps as something else, or in somebody else's record."""
    THEIRS = "theirs"


@dataclass(frozen=True)
class Person:
    """Whom to erase; `column` is the member of a record that says whose it is."""

    id: str
    column: str = "user_id"

    @property
    def parameter(self) -> str:
        """The execution parameter for the question mark of `condition`."""
        return text_literal(hashlib.sha256(self.id.encode()).hexdigest())

    def mentioned_in(self, text: str) -> bool:
        """Whether the id stands in a text by itself, not as a part of a longer word."""
        return re.search(rf"(?<![\w-]){re.escape(self.id)}(?![\w-])", text) is not None

    def match_record(self, data: bytes, message: str = "") -> Match:
        """Whose a record is: in JSON by whole values under any key, in other text by the id as JSON text.

        A record that says itself that it is another person's is never theirs.

        Args:
            message: what was said about the record, if anything.
        """
        record = self._look_into(data.decode(errors="replace"))
        if record.says_so or (not record.says_other and (record.quoted or self._quoted_in(message))):
            return Match.THEIRS
        return Match.POSSIBLE if record.mentioned or self.mentioned_in(message) else Match.NONE

    def _look_into(self, text: str) -> _Signs:
        try:
            parsed = json.loads(text, object_pairs_hook=tuple, parse_int=str, parse_float=str)
            members = list(_members(parsed))
        except (ValueError, RecursionError):
            return self._look_into_text(text)
        owners = {value for name, value in members if name == self.column and value}
        return _Signs(
            says_so=self.id in owners,
            says_other=bool(owners),
            quoted=any(value == self.id for _, value in members),
            # values that are equal to the id may begin and end with anything
            mentioned=any(part == self.id or self.mentioned_in(part) for both in members for part in both),
        )

    def _look_into_text(self, text: str) -> _Signs:
        member = rf'"{re.escape(self.column)}"\s*:\s*("(?:[^"\\]|\\.)+"|-?[\d.]+)'
        owners = set(re.findall(member, text))
        quoted = self._quoted_in(text)
        return _Signs(
            says_so=not owners.isdisjoint({*self._as_json, self.id}),
            says_other=bool(owners),
            quoted=quoted,
            mentioned=quoted or self.mentioned_in(text),
        )

    def _quoted_in(self, text: str) -> bool:
        return any(spelling in text for spelling in self._as_json)

    @property
    def _as_json(self) -> tuple[str, str]:
        return json.dumps(self.id), json.dumps(self.id, ensure_ascii=False)


@dataclass(frozen=True)
class _Signs:
    """What a record shows of the person."""

    says_so: bool
    """It names them as its own."""
    says_other: bool
    """It names somebody as its own."""
    quoted: bool
    """The id is a whole value of it."""
    mentioned: bool


def condition(column: str) -> str:
    """True for the person's rows; its question mark stands for the hash of the id."""
    return f'lower(to_hex(sha256(to_utf8("{column}")))) = ?'


def _members(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Each value as text with its key; what has none, or members of its own, with an empty text."""
    match value:
        case tuple():
            yield name, ""
            for key, item in value:
                yield from _members(item, key)
        case list():
            yield name, ""
            for item in value:
                yield from _members(item, name)
        case None | bool():
            yield name, ""
        case _:
            yield name, str(value)
