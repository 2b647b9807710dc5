"""Intrinsic functions: `States.Format('{} of {}', $.a, States.ArrayLength($.b))`.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import random
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from local_runtime.states.errors import DefinitionError, StatesError
from local_runtime.states.paths import Path, Scope, parse_path, to_json

FAILURE = "States.IntrinsicFailure"
MOST_ITEMS = 1000
MOST_CHARACTERS = 10_000


class Expression(Protocol):
    """What may stand in a field whose name ends in `.$`."""

    def value(self, scope: Scope, field: str) -> Any: ...


@dataclass(frozen=True)
class Literal:
    literal: Any

    def value(self, scope: Scope, field: str) -> Any:
        return self.literal


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[Expression, ...]

    def value(self, scope: Scope, field: str) -> Any:
        """
        Raises:
            StatesError: States.IntrinsicFailure, the arguments do not suit the function.
        """
        values = [argument.value(scope, field) for argument in self.arguments]
        try:
            return FUNCTIONS[self.name](*values)
        except (TypeError, ValueError, LookupError, binascii.Error) as error:
            shown = ", ".join(to_json(value) for value in values)
            raise StatesError(FAILURE, f"{self.name}({shown:.1000}) failed: {error}") from None


_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
_CALL = re.compile(r"(States\.\w+)\s*\(")
_WORD = re.compile(r"true|false|null")


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Expression:
    """A path or an intrinsic function.

    Raises:
        DefinitionError: it is neither.
    """
    if text.startswith("$"):
        return parse_path(text)
    reader = _Reader(text)
    expression = reader.call()
    if reader.rest():
        raise DefinitionError(f"{text!r}: what follows the function is not understood: {reader.rest()!r}")
    return expression


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def rest(self) -> str:
        return self._text[self._at :].strip()

    def call(self) -> Call:
        found = self._take(_CALL)
        if found is None:
            raise DefinitionError(f"{self._text!r} is neither a path nor an intrinsic function")
        if found[1] not in FUNCTIONS:
            raise DefinitionError(f"{self._text!r}: there is no intrinsic function {found[1]}")
        arguments: list[Expression] = []
        while not self._skip(")"):
            if arguments and not self._skip(","):
                raise DefinitionError(f"{self._text!r}: ',' or ')' is missing before {self.rest()!r}")
            arguments.append(self._argument())
        return Call(found[1], tuple(arguments))

    def _argument(self) -> Expression:
        if self.rest().startswith("States."):
            return self.call()
        if self.rest().startswith("$"):
            return self._path()
        if (string := self._take(_STRING)) is not None:
            return Literal(re.sub(r"\\([\\'{}])", _unescaped, string[1]))
        for plain in (_NUMBER, _WORD):
            if (found := self._take(plain)) is not None:
                return Literal(json.loads(found[0]))
        raise DefinitionError(f"{self._text!r}: {self.rest()!r} is no argument")

    def _path(self) -> Path:
        """Up to the comma or the bracket that ends it; those inside brackets and quotes belong to it."""
        self._at += len(self._text[self._at :]) - len(self._text[self._at :].lstrip())
        start, depth, quoted = self._at, 0, ""
        while self._at < len(self._text):
            character = self._text[self._at]
            if quoted:
                quoted = "" if character == quoted else quoted
            elif character in "'\"":
                quoted = character
            elif character in ",)" and depth == 0:
                break
            else:
                depth += (character in "[(") - (character in "])")
            self._at += 1
        return parse_path(self._text[start : self._at].strip())

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = re.compile(rf"\s*(?:{pattern.pattern})").match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        return pattern.match(found[0].lstrip())

    def _skip(self, character: str) -> bool:
        if not self.rest().startswith(character):
            if not self.rest():
                raise DefinitionError(f"{self._text!r}: a ')' is missing")
            return False
        self._at = self._text.index(character, self._at) + 1
        return True


def _unescaped(found: re.Match[str]) -> str:
    # Braces stay escaped for Format, which alone gives them a meaning.
    return found[0] if found[1] in "{}" else found[1]


def _format(template: str, *values: Any) -> str:
    pieces = re.split(r"(\\[{}]|\{\})", template)
    places = pieces.count("{}")
    if places != len(values):
        raise ValueError(f"the template has {places} places for {len(values)} values")
    given = iter(values)
    return "".join(
        _text(next(given))
        if piece == "{}"
        else piece.removeprefix("\\")
        if piece in (r"\{", r"\}")
        else piece
        for piece in pieces
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value)


def _partition(items: list[Any], size: int) -> list[list[Any]]:
    if _whole(size) < 1:
        raise ValueError("the size of a chunk must be at least 1")
    return [items[at : at + size] for at in range(0, len(_list(items)), size)]


def _range(first: int, last: int, step: int) -> list[int]:
    found = list(range(_whole(first), _whole(last) + (1 if _whole(step) > 0 else -1), step))
    if len(found) > MOST_ITEMS:
        raise ValueError(f"a range has at most {MOST_ITEMS} items")
    return found


def _item(items: list[Any], index: int) -> Any:
    if not 0 <= _whole(index) < len(_list(items)):
        raise ValueError(f"there is no item {index}")
    return items[index]


def _unique(items: list[Any]) -> list[Any]:
    return list({to_json(item): item for item in reversed(_list(items))}.values())[::-1]


def _hash(data: Any, algorithm: str) -> str:
    names = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
    if algorithm not in names:
        raise ValueError(f"the algorithm must be one of {', '.join(names)}")
    return hashlib.new(names[algorithm], _text(data).encode(), usedforsecurity=False).hexdigest()


def _merge(first: dict[str, Any], second: dict[str, Any], deep: bool) -> dict[str, Any]:
    if deep is not False:
        raise ValueError("only the shallow merge is there: the third argument must be false")
    return {**first, **second}


def _random(start: int, end: int, seed: int | None = None) -> int:
    return random.Random(seed).randrange(_whole(start), _whole(end))  # noqa: S311  # not for secrets


def _split(text: str, delimiters: str) -> list[str]:
    return [part for part in re.split(f"[{re.escape(delimiters)}]", text) if part]


def _base64(convert: Callable[[bytes], bytes], text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"at most {MOST_CHARACTERS} characters")
    return convert(text.encode()).decode()


def _whole(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(f"{to_json(number)} is no number")
    return round(number)


def _list(items: Any) -> list[Any]:
    if not isinstance(items, list):
        raise TypeError(f"{to_json(items)} is no array")
    return items


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "States.Format": _format,
    "States.StringToJson": json.loads,
    "States.JsonToString": to_json,
    "States.Array": lambda *items: list(items),
    "States.ArrayPartition": _partition,
    "States.ArrayContains": lambda items, item: to_json(item) in map(to_json, _list(items)),
    "States.ArrayRange": _range,
    "States.ArrayGetItem": _item,
    "States.ArrayLength": lambda items: len(_list(items)),
    "States.ArrayUnique": _unique,
    "States.Base64Encode": lambda text: _base64(base64.b64encode, text),
    "States.Base64Decode": lambda text: _base64(base64.b64decode, text),
    "States.Hash": _hash,
    "States.JsonMerge": _merge,
    "States.MathRandom": _random,
    "States.MathAdd": lambda one, other: _whole(one) + _whole(other),
    "States.StringSplit": _split,
    "States.UUID": lambda: str(uuid.uuid4()),
}
