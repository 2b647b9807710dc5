"""A record template: text in which each `{{expression}}` is another value in every record.

https://awslabs.github.io/amazon-kinesis-data-generator/web/help.html
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from ...aws.errors import BadInputError
from ..sessions import Clock
from .expressions import EXPRESSIONS, Context, Render, UnfitArgumentError

_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_CALL = re.compile(r"\s*([\w.]+)\s*(?:\((.*)\))?\s*", re.DOTALL)
_OLD_NAMES = {"current.timestamp": "date.now"}


class Expression(NamedTuple):
    """`random.number(500)`: a name and its arguments."""

    text: str
    name: str
    arguments: Sequence[Any]

    def render(self, context: Context) -> Render:
        expression = EXPRESSIONS[self.name]
        try:
            signature(expression).bind(context, *self.arguments)
        except TypeError:
            raise BadInputError(f"{{{{{self.text}}}}} has more arguments than {self.name} takes") from None
        try:
            return expression(context, *self.arguments)
        except UnfitArgumentError as error:
            raise BadInputError(f"{{{{{self.text}}}}} must have {error}") from None


class TextTemplate:
    """A template that has been read once; line breaks in it are no part of a record.

    Raises:
        BadInputError: an expression is unknown, or its arguments do not fit; all unknown ones at once.
    """

    def __init__(self, text: str) -> None:
        pieces = _PLACE.split(re.sub(r"\r?\n", "", text.strip()))
        self._texts: list[str] = pieces[::2]
        self._expressions = [_parse(piece) for piece in pieces[1::2]]
        _check_ends(self._texts)
        _check_names([expression.name for expression in self._expressions])
        if not any(pieces):
            raise BadInputError("the template is empty")
        self.is_json = _is_json(next(self.records(random.Random(0), lambda: 0.0)))  # noqa: S311  (fake data)

    @classmethod
    def read(cls, path: str) -> TextTemplate:
        try:
            return cls(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise BadInputError(f"--template-file {path} cannot be read: {reason}") from None
        except BadInputError as error:
            raise BadInputError(f"--template-file {path}: {error}") from None

    def records(self, rng: random.Random, clock: Clock) -> Iterator[bytes]:
        """Endless records; the same generator state and clock give the same bytes."""
        context = Context(rng, clock)
        renders = [expression.render(context) for expression in self._expressions]
        # the template with a place for each value: one pass of C code joins a record
        row = "%s".join(text.replace("%", "%%") for text in self._texts)
        while True:
            yield (row % tuple([render() for render in renders])).encode()


def _check_ends(texts: Sequence[str]) -> None:
    for text in texts:
        _, beginning, rest = text.partition("{{")
        if beginning:
            raise BadInputError(f"{beginning}{rest[:40]} has no end: an expression stands in {{{{ and }}}}")


def _parse(text: str) -> Expression:
    call = _CALL.fullmatch(text)
    if call is None:
        raise BadInputError(f"{{{{{text}}}}} is no expression; one looks like {{{{random.number(500)}}}}")
    name, arguments = call.groups()
    name = _OLD_NAMES.get(name, name)
    return Expression(text.strip(), name, () if not arguments else _arguments(text, name, arguments.strip()))


def _arguments(text: str, name: str, arguments: str) -> Sequence[Any]:
    try:
        return tuple(orjson.loads(f"[{arguments}]"))
    except ValueError:
        # faker.js takes what is no JSON for a text
        if name.startswith("date.") and not re.search(r"[\"'\[{]", arguments):
            return (arguments,)
        raise BadInputError(
            f"the arguments of {{{{{text.strip()}}}}} are no JSON: texts stand in double quotes"
        ) from None


def _check_names(names: Sequence[str]) -> None:
    unknown = [name for name in dict.fromkeys(names) if name not in EXPRESSIONS]
    if unknown:
        guesses = [guess for name in unknown for guess in get_close_matches(name, EXPRESSIONS, 1)]
        hint = f"; did you mean {' and '.join(guesses)}?" if guesses else ""
        raise BadInputError(
            f"unknown: {', '.join(f'{{{{{name}}}}}' for name in unknown)}{hint} There are: "
            f"{', '.join(sorted(EXPRESSIONS))}"
        )


def _is_json(record: bytes) -> bool:
    try:
        orjson.loads(record)
    except ValueError:
        return False
    return True
