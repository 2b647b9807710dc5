"""Velocity 1.7's references and expressions, read by recursive descent.

https://velocity.apache.org/engine/1.7/vtl-reference.html
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import NoReturn

from local_runtime.vtl.errors import TemplateSyntaxError
from local_runtime.vtl.nodes import (
    Binary,
    Block,
    Expression,
    Index,
    Interpolation,
    ListLiteral,
    Literal,
    MapLiteral,
    Method,
    Not,
    Property,
    RangeLiteral,
    Reference,
    Step,
)

REFERENCE = re.compile(r"\$!?(\{)?([A-Za-z_][A-Za-z0-9_-]*)")
_PROPERTY = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)")
_BLANKS = re.compile(r"\s*")
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"(true|false)(?![A-Za-z0-9_-])")
_STRING = {'"': re.compile(r'"((?:[^"]|"")*)"'), "'": re.compile(r"'((?:[^']|'')*)'")}
_NOT = re.compile(r"!(?!=)|not(?![A-Za-z0-9_-])")
_LEVELS = (
    re.compile(r"\|\||or(?![A-Za-z0-9_-])"),
    re.compile(r"&&|and(?![A-Za-z0-9_-])"),
    re.compile(r"==|!=|(?:eq|ne)(?![A-Za-z0-9_-])"),
    re.compile(r"<=|>=|<|>|(?:lt|le|gt|ge)(?![A-Za-z0-9_-])"),
    re.compile(r"\+|-(?!\d)"),
    re.compile(r"\*|/|%"),
)
_SYMBOLS = {
    "or": "||", "and": "&&", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
}  # fmt: skip


class ExpressionParser(ABC):
    """A position in a template's text, and what can be read from there."""

    def __init__(self, text: str, name: str, first_line: int = 1) -> None:
        self.text = text
        self.name = name
        self.first_line = first_line
        self.position = 0

    @abstractmethod
    def parse_interpolation(self, text: str, line: int) -> Block:
        """The text of a double-quoted string, which is a template of its own."""

    def line(self) -> int:
        return self.first_line + self.text.count("\n", 0, self.position)

    def fail(self, detail: str) -> NoReturn:
        raise TemplateSyntaxError(self.name, self.line(), detail)

    def unexpected(self, wanted: str) -> NoReturn:
        found = self.text[self.position : self.position + 12].split("\n")[0]
        self.fail(f"expected {wanted}, found {found!r}" if found else f"expected {wanted}, found the end")

    def skip_blanks(self) -> None:
        match = _BLANKS.match(self.text, self.position)
        self.position = match.end() if match else self.position

    def accept(self, token: str) -> bool:
        """Take `token` after blanks, if it is there."""
        self.skip_blanks()
        if not self.text.startswith(token, self.position):
            return False
        self.position += len(token)
        return True

    def expect(self, token: str, after: str) -> None:
        if not self.accept(token):
            self.unexpected(f"{token!r} after {after}")

    # -- references ---------------------------------------------------------------------------------

    def reference(self) -> Reference | None:
        """The reference that starts here; None where a `$` is a mere dollar sign."""
        match = REFERENCE.match(self.text, self.position)
        if match is None:
            return None
        self.position = match.end()
        steps: list[Step] = []
        while (step := self._step()) is not None:
            steps.append(step)
        if match[1] is not None:
            if not self.text.startswith("}", self.position):
                self.unexpected(f"'}}' to close the reference ${{{match[2]}")
            self.position += 1
        return Reference(match[2], tuple(steps))

    def _step(self) -> Step | None:
        if self.text.startswith("[", self.position):
            self.position += 1
            key = self.primary()
            self.expect("]", "an index")
            return Index(key)
        match = _PROPERTY.match(self.text, self.position)
        if match is None:
            return None
        self.position = match.end()
        if not self.text.startswith("(", self.position):
            return Property(match[1])
        self.position += 1
        return Method(match[1], self._items(")", f"the arguments of {match[1]}"))

    def _items(self, close: str, what: str) -> tuple[Expression, ...]:
        """Comma-separated values up to `close`: values only, Velocity has no operators in there."""
        items: list[Expression] = []
        if self.accept(close):
            return ()
        while True:
            items.append(self.primary())
            if self.accept(close):
                return tuple(items)
            if not self.accept(","):
                self.unexpected(f"',' or {close!r} in {what} (no operators are allowed there)")

    # -- expressions --------------------------------------------------------------------------------

    def expression(self, level: int = 0) -> Expression:
        if level == len(_LEVELS):
            return self._unary()
        left = self.expression(level + 1)
        while True:
            self.skip_blanks()
            match = _LEVELS[level].match(self.text, self.position)
            if match is None:
                return left
            self.position = match.end()
            symbol = _SYMBOLS.get(match[0], match[0])
            left = Binary(symbol, left, self.expression(level + 1))

    def _unary(self) -> Expression:
        self.skip_blanks()
        match = _NOT.match(self.text, self.position)
        if match is not None:
            self.position = match.end()
            return Not(self._unary())
        if self.accept("("):
            inner = self.expression()
            self.expect(")", "an expression in parentheses")
            return inner
        return self.primary()

    def primary(self) -> Expression:
        self.skip_blanks()
        first = self.text[self.position : self.position + 1]
        if first == "$":
            reference = self.reference()
            if reference is not None:
                return reference
        elif first in _STRING:
            return self._string(first)
        elif first == "[":
            return self._list_or_range()
        elif first == "{":
            return self._map()
        return self._number_or_word()

    def _number_or_word(self) -> Expression:
        match = _NUMBER.match(self.text, self.position)
        if match is not None:
            self.position = match.end()
            text = match[0]
            return Literal(int(text) if text.lstrip("-").isdigit() else float(text))
        match = _WORD.match(self.text, self.position)
        if match is None:
            self.unexpected("a value (a reference, a string, a number, true, false, a list or a map)")
        self.position = match.end()
        return Literal(match[1] == "true")

    def _string(self, quote: str) -> Expression:
        match = _STRING[quote].match(self.text, self.position)
        if match is None:
            self.fail(f"a string that starts with {quote} is never closed")
        line = self.line()
        self.position = match.end()
        text = match[1].replace(quote * 2, quote)
        if quote == "'" or not ("$" in text or "#" in text):
            return Literal(text)
        return Interpolation(self.parse_interpolation(text, line))

    def _list_or_range(self) -> Expression:
        self.position += 1
        if self.accept("]"):
            return ListLiteral(())
        first = self.primary()
        if self.accept(".."):
            last = self.primary()
            self.expect("]", "a range (only numbers and references can be its ends)")
            return RangeLiteral(first, last)
        if self.accept("]"):
            return ListLiteral((first,))
        self.expect(",", "an item of a list (no operators are allowed there)")
        return ListLiteral((first, *self._items("]", "a list")))

    def _map(self) -> Expression:
        self.position += 1
        entries: list[tuple[Expression, Expression]] = []
        if self.accept("}"):
            return MapLiteral(())
        while True:
            key = self.primary()
            self.expect(":", "a key of a map")
            entries.append((key, self.primary()))
            if self.accept("}"):
                return MapLiteral(tuple(entries))
            self.expect(",", "an entry of a map")
