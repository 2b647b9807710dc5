"""Velocity 1.7's text, directives, comments and escapes, with the directives that API Gateway has."""

from __future__ import annotations

import re

from local_runtime.vtl.expression_parser import REFERENCE, ExpressionParser
from local_runtime.vtl.nodes import (
    Block,
    Break,
    Define,
    Expression,
    ForEach,
    If,
    Output,
    Reference,
    Set,
    Statement,
    Stop,
    Text,
)

_PLAIN = re.compile(r"[^$#\\\r\n]+|[\r\n]+")
_SET = re.compile(r"[ \t]*#(?:set|\{set\})[ \t]*\(")
_BACKSLASHES = re.compile(r"\\+")
_DIRECTIVE = re.compile(r"#(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))", re.ASCII)
_OPEN = re.compile(r"[ \t]*\(")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r\n|\n|\r)")
_LINE_COMMENT = re.compile(r"##[^\r\n]*(?:\r\n|\n|\r)?")
_IN = re.compile(r"\s*in(?![A-Za-z0-9_-])")
_CLOSERS = frozenset({"else", "elseif", "end"})
_DIRECTIVES = _CLOSERS | {"set", "if", "foreach", "define", "break", "stop", "macro"}


class TemplateParser(ExpressionParser):
    def parse(self) -> Block:
        block, closer = self._block()
        if closer is not None:
            self.fail(f"#{closer} closes nothing that is open here")
        return block

    def parse_interpolation(self, text: str, line: int) -> Block:
        return TemplateParser(text, self.name, line).parse()

    def _block(self) -> tuple[Block, str | None]:
        """Statements up to the directive that ends them (None: the end of the text)."""
        statements: list[Statement] = []
        while self.position < len(self.text):
            closer = self._closer()
            if closer is not None:
                return _joined(statements), closer
            statements.append(self._statement())
        return _joined(statements), None

    def _closer(self) -> str | None:
        name = self._directive_name()
        if name not in _CLOSERS:
            return None
        self._take(_DIRECTIVE)
        if name != "elseif":
            self._end_of_directive()
        return name

    def _statement(self) -> Statement:
        if self._take(_SET):  # with the blanks before it, where nothing else is before them on the line
            return self._set()
        if match := _PLAIN.match(self.text, self.position):
            self.position = match.end()
            return Text(match[0])
        character = self.text[self.position]
        if character == "\\":
            return self._escape()
        if character == "$":
            reference = self.reference()
            return self._literal(1) if reference is None else Output(reference)
        return self._hash()

    def _literal(self, length: int) -> Text:
        start = self.position
        self.position += length
        return Text(self.text[start : self.position])

    def _escape(self) -> Statement:
        """Backslashes before a reference or a directive: two stand for one, an odd one takes its meaning."""
        count = self._take(_BACKSLASHES)
        kept = Text("\\" * (count // 2))
        if REFERENCE.match(self.text, self.position):
            if count % 2 == 0:
                return kept
            start = self.position
            self.reference()
            return Text(kept.text + self.text[start : self.position])
        if self._directive_name() in _DIRECTIVES:
            if count % 2 == 0:
                return kept
            return Text(kept.text + self._literal(self._directive_length()).text)
        return Text("\\" * count)

    def _hash(self) -> Statement:
        """A comment, unparsed text, a directive, or a plain number sign."""
        if self.text.startswith("##", self.position):
            self._take(_LINE_COMMENT)
            return Text("")
        if self.text.startswith("#*", self.position):
            self._until("*#", "a block comment")
            return Text("")
        if self.text.startswith("#[[", self.position):
            return Text(self._until("]]#", "unparsed text")[3:-3])
        name = self._directive_name()
        if name not in _DIRECTIVES:
            return self._literal(1)
        if name == "macro":
            self.fail("#macro is not supported by API Gateway")
        self._take(_DIRECTIVE)
        return self._directive(name)

    def _directive(self, name: str) -> Statement:
        if name == "break":
            return Break()
        if name == "stop":
            return Stop()
        self._open(name)
        if name == "if":
            return self._if()
        return self._foreach() if name == "foreach" else self._define()

    def _set(self) -> Set:
        target = self._variable("set")
        self.expect("=", "the reference of #set")
        value = self.expression()
        self._close("set")
        return Set(target, value)

    def _if(self) -> If:
        branches: list[tuple[Expression, Block]] = []
        closer: str | None = "elseif"
        while closer == "elseif":
            if branches:
                self._open("elseif")
            condition = self.expression()
            self._close("if")
            block, closer = self._block()
            branches.append((condition, block))
        otherwise = None
        if closer == "else":
            otherwise, closer = self._block()
        self._expect_end(closer, "if")
        return If(tuple(branches), otherwise)

    def _foreach(self) -> ForEach:
        variable = self._variable("foreach").name
        if not self._take(_IN):
            self.unexpected("'in' after the reference of #foreach")
        items = self.primary()
        self._close("foreach")
        body, closer = self._block()
        self._expect_end(closer, "foreach")
        return ForEach(variable, items, body)

    def _define(self) -> Define:
        name = self._variable("define").name
        self._close("define")
        body, closer = self._block()
        self._expect_end(closer, "define")
        return Define(name, body)

    def _variable(self, directive: str) -> Reference:
        self.skip_blanks()
        reference = self.reference()
        if reference is None:
            self.unexpected(f"a reference at the start of #{directive}(...)")
        return reference

    def _expect_end(self, closer: str | None, directive: str) -> None:
        if closer != "end":
            found = "the template ends" if closer is None else f"found #{closer}"
            self.fail(f"#{directive} is not closed by #end: {found}")

    def _open(self, directive: str) -> None:
        if not self._take(_OPEN):
            self.unexpected(f"'(' after #{directive}")

    def _close(self, directive: str) -> None:
        self.expect(")", f"the expression of #{directive} (a minus sign needs a blank before a number)")
        self._end_of_directive()

    def _end_of_directive(self) -> None:
        self._take(_REST_OF_LINE)

    def _take(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.position)
        if match is None:
            return 0
        self.position = match.end()
        return len(match[0])

    def _until(self, end: str, what: str) -> str:
        start = self.position
        found = self.text.find(end, start + 2)
        if found < 0:
            self.fail(f"{what} is never closed by {end}")
        self.position = found + len(end)
        return self.text[start : self.position]

    def _directive_name(self) -> str | None:
        match = _DIRECTIVE.match(self.text, self.position)
        return None if match is None else match[1] or match[2]

    def _directive_length(self) -> int:
        match = _DIRECTIVE.match(self.text, self.position)
        return 0 if match is None else len(match[0])


def _joined(statements: list[Statement]) -> Block:
    """Neighbouring texts as one."""
    joined: list[Statement] = []
    for statement in statements:
        if isinstance(statement, Text):
            if not statement.text:
                continue
            if joined and isinstance(joined[-1], Text):
                joined[-1] = Text(joined[-1].text + statement.text)
                continue
        joined.append(statement)
    return Block(tuple(joined))
