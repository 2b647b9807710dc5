"""A cursor over the words of a DDL statement: what comes next is asked for, and named when it is missing.

https://docs.aws.amazon.com/athena/latest/ug/language-reference.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from local_runtime.athena.names import CATALOG, TableName
from local_runtime.athena.result import QueryError
from local_runtime.athena.statements import place

TOKEN = re.compile(
    r"(?P<skipped>\s+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<string>'(?:[^'\\]|''|\\.)*')"
    r'|(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)'
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_$]*)|(?P<number>\d+(?:\.\d+)?)|(?P<sign><=|>=|<>|!=|.)",
    re.DOTALL,
)
TYPE_SIGNS = {"<": 1, "(": 1, ">": -1, ")": -1}


@dataclass(frozen=True)
class Word:
    kind: str
    text: str
    start: int
    end: int

    @property
    def value(self) -> str:
        """What a string or a quoted name says; every other word is itself."""
        if self.kind not in ("string", "quoted"):
            return self.text
        quote = self.text[0]
        inner = self.text[1:-1].replace(quote * 2, quote)
        return re.sub(r"\\(.)", r"\1", inner) if quote == "'" else inner


class Words:
    """Reads a statement from its start."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        found = TOKEN.finditer(sql.rstrip().removesuffix(";"))
        self._words = [
            Word(match.lastgroup or "sign", match.group(), match.start(), match.end())
            for match in found
            if match.lastgroup != "skipped"
        ]
        self._next = 0

    @property
    def is_at_end(self) -> bool:
        return self._next >= len(self._words)

    @property
    def position(self) -> int:
        """Where the next word starts."""
        return len(self.sql) if self.is_at_end else self._words[self._next].start

    def accept(self, *texts: str) -> bool:
        """Take these words if all of them come next."""
        ahead = self._words[self._next : self._next + len(texts)]
        if [word.text.upper() for word in ahead] != list(texts):
            return False
        self._next += len(texts)
        return True

    def sees(self, *texts: str) -> bool:
        ahead = self._words[self._next : self._next + len(texts)]
        return [word.text.upper() for word in ahead] == list(texts)

    def expect(self, *texts: str) -> None:
        if not self.accept(*texts):
            raise self.error(" ".join(texts))

    def expect_end(self) -> None:
        if not self.is_at_end:
            raise self.error("the end of the statement")

    def error(self, expected: str) -> QueryError:
        where = place(self.sql, self.position)
        got = "<EOF>" if self.is_at_end else self._words[self._next].text
        return QueryError("SYNTAX_ERROR", f"{where}: mismatched input '{got}'. Expecting: {expected}")

    def take(self) -> Word:
        if self.is_at_end:
            raise self.error("more words")
        self._next += 1
        return self._words[self._next - 1]

    def name(self) -> str:
        """An identifier, in lower case as the catalog has it."""
        if self.is_at_end or self._words[self._next].kind not in ("word", "quoted"):
            raise self.error("a name")
        return self.take().value.lower()

    def string(self) -> str:
        if self.is_at_end or self._words[self._next].kind not in ("string", "quoted"):
            raise self.error("a string")
        return self.take().value

    def number(self) -> int:
        if self.is_at_end or not self._words[self._next].text.isdecimal():
            raise self.error("a number")
        return int(self.take().text)

    def literal(self) -> str:
        """A string's or a number's text; `-1` too."""
        sign = "-" if self.accept("-") else ""
        return sign + self.take().value

    def table(self, database: str | None) -> TableName:
        """`table`, `database.table` or `awsdatacatalog.database.table`."""
        start = self.position
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        if len(parts) > 2 and parts[0] != CATALOG:
            raise QueryError("CATALOG_NOT_FOUND", f"{place(self.sql, start)}: Catalog '{parts[0]}' not found")
        if len(parts) == 1 and database is None:
            raise QueryError(
                "MISSING_SCHEMA_NAME",
                f"{place(self.sql, start)}: Schema must be specified when session schema is not set",
            )
        return TableName(str(database).lower() if len(parts) == 1 else parts[-2], parts[-1])

    def data_type(self) -> str:
        """A type's text, up to the comma, bracket or COMMENT that ends it."""
        start, depth = self.position, 0
        end = start
        while not self.is_at_end:
            word = self._words[self._next]
            step = TYPE_SIGNS.get(word.text, 0)
            if depth == 0 and (step < 0 or word.text == "," or word.text.upper() == "COMMENT"):
                break
            depth += step
            end = self.take().end
        return self.sql[start:end]

    def skip_brackets(self) -> int:
        """Go behind the bracket that closes the open one; where that bracket starts."""
        depth = 1
        while True:
            word = self.take()
            depth += {"(": 1, ")": -1}.get(word.text, 0)
            if depth == 0:
                return word.start

    def properties(self) -> dict[str, str]:
        """`('key' = 'value', ...)`."""
        found: dict[str, str] = {}
        self.expect("(")
        while not self.accept(")"):
            key = self.string()
            self.expect("=")
            found[key] = self.literal()
            if not self.accept(",") and not self.sees(")"):
                raise self.error("',' or ')'")
        return found
