"""One SQL text -> one parsed statement of a known kind, or the error that Athena gives.

https://docs.aws.amazon.com/athena/latest/ug/ddl-sql-reference.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from local_runtime.athena.parameters import DIALECT, QUERY_DIALECT
from local_runtime.athena.result import QueryError

__all__ = ["DIALECT", "SELECT", "Statement", "place", "read_statement"]

SELECT = "SELECT"
STARTS_A_SELECT = frozenset({"SELECT", "WITH", "VALUES", "("})
TWO_WORDS = frozenset({"ALTER", "CREATE", "DROP", "SHOW", "MSCK", "INSERT", "DELETE", "MERGE"})
STATEMENTS = TWO_WORDS | {
    *("DEALLOCATE", "DESCRIBE", "DESC", "EXECUTE", "EXPLAIN", "OPTIMIZE", "PREPARE", "UNLOAD"),
    *("UPDATE", "VACUUM", "USE", "ANALYZE"),
}

SYNONYMS = {
    "DESC": "DESCRIBE",
    "CREATE SCHEMA": "CREATE DATABASE",
    "CREATE EXTERNAL": "CREATE TABLE",
    "CREATE OR": "CREATE VIEW",
    "DROP SCHEMA": "DROP DATABASE",
    "SHOW SCHEMAS": "SHOW DATABASES",
}

LEADING = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
WORD = re.compile(r"\(|[A-Za-z_]+|\S")


@dataclass(frozen=True)
class Statement:
    """A statement by kind: `SELECT`, `CREATE TABLE`, `VACUUM` ..."""

    sql: str
    kind: str

    def query(self, start: int = 0) -> exp.Query:
        """The syntax tree of a SELECT, or of the query that starts at an offset of another statement.

        Raises:
            QueryError: SYNTAX_ERROR, with the place.
        """
        tree = self.tree(start)
        if isinstance(tree, exp.Values):
            return exp.select("*").from_(tree)
        if not isinstance(tree, exp.Query):
            raise QueryError(
                "SYNTAX_ERROR", f"{place(self.sql, start)}: expected a query, got {tree.key.upper()}"
            )
        return tree

    def tree(self, start: int = 0) -> exp.Expr:
        """The syntax tree of the text from an offset on; places count from the statement's start."""
        _refuse_backticks(self.sql)
        text = re.sub(r"[^\n]", " ", self.sql[:start]) + self.sql[start:]
        try:
            expressions = [item for item in sqlglot.parse(text, read=QUERY_DIALECT) if item is not None]
        except ParseError as error:
            raise _syntax_error(error) from error
        except TokenError as error:
            raise QueryError("SYNTAX_ERROR", f"line 1:1: {_first_line(error)}") from error
        if len(expressions) != 1:
            raise QueryError(
                "SYNTAX_ERROR", f"Only one sql statement is allowed. Got: {len(expressions)} statements"
            )
        return expressions[0]


def read_statement(sql: str) -> Statement:
    """Tell a statement's kind by its first words.

    Raises:
        QueryError: SYNTAX_ERROR when no statement starts so.
    """
    leading = LEADING.match(sql)
    start = leading.end() if leading is not None else 0
    words = [word.upper() for word in WORD.findall(sql, start)[:2]]
    if not words or words[0] == ";":
        raise QueryError("SYNTAX_ERROR", f"{place(sql, start)}: the query is empty")
    if words[0] in STARTS_A_SELECT:
        return Statement(sql, SELECT)
    if words[0] in STATEMENTS:
        return Statement(sql, _kind(words))
    raise QueryError(
        "SYNTAX_ERROR",
        f"{place(sql, start)}: mismatched input '{WORD.findall(sql, start)[0]}'. "
        f"Expecting: {', '.join(sorted(STATEMENTS | {'SELECT', 'VALUES', 'WITH'}))}",
    )


def _kind(words: list[str]) -> str:
    if words[0] not in TWO_WORDS:
        return SYNONYMS.get(words[0], words[0])
    kind = " ".join(words)
    return SYNONYMS.get(kind, kind)


def place(sql: str, offset: int) -> str:
    """`line 1:15`, both counted from one, as Trino counts."""
    before = sql[:offset]
    return f"line {before.count(chr(10)) + 1}:{offset - before.rfind(chr(10))}"


def _refuse_backticks(sql: str) -> None:
    """Athena takes backticks in DDL only; a query quotes with double quotes."""
    unquoted = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", _blank, sql, flags=re.DOTALL)
    offset = unquoted.find("`")
    if offset >= 0:
        raise QueryError(
            "SYNTAX_ERROR",
            f"{place(sql, offset)}: backquoted identifiers are not supported; "
            "use double quotes to quote identifiers",
        )


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _syntax_error(error: ParseError) -> QueryError:
    if not error.errors:
        return QueryError("SYNTAX_ERROR", f"line 1:1: {_first_line(error)}")
    first = error.errors[0]
    token = first["highlight"]
    # sqlglot counts the column at the token's end.
    column = max(1, int(first["col"]) - len(token) + 1)
    return QueryError("SYNTAX_ERROR", f"line {first['line']}:{column}: mismatched input '{token}'")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
