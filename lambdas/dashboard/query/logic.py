"""A question that a dashboard may ask: a known query over a period of days, its key, its answer as JSON.

https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

MAX_DAYS = 366
_BOUNDS = 2
_COMMENT_OR_TEXT = re.compile(r"--[^\n]*|'(?:[^']|'')*'")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

Value = str | int | float | bool | None


class QuestionError(Exception):
    """What cannot be answered: a sentence for people, an HTTP status, a code for the page."""

    def __init__(self, message: str, status: int = 400, code: str = "NO_ANSWER") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Period:
    """Whole days of UTC, the first and the last one included."""

    start: date
    end: date

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "Period":
        """The period of `?start=2026-11-01&end=2026-11-30`.

        Raises:
            QuestionError: a date is missing or none, they are in the wrong order, or too far apart.
        """
        period = cls(_date(parameters, "start"), _date(parameters, "end"))
        days = (period.end - period.start).days + 1
        if days < 1:
            raise QuestionError(f"end must not be before start (got {period.start} to {period.end})")
        if days > MAX_DAYS:
            raise QuestionError(f"the period must not be longer than {MAX_DAYS} days (got {days})")
        return period

    @property
    def bounds(self) -> tuple[str, str]:
        """The first day, and the day after the last one, as SQL texts."""
        return f"'{self.start}'", f"'{self.end + timedelta(days=1)}'"


def _date(parameters: Mapping[str, str], name: str) -> date:
    text = parameters.get(name, "")
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        found = date.fromisoformat(text)
        found + timedelta(days=1)  # the last day that there is has no next one
    except (ValueError, OverflowError):
        raise QuestionError(f"{name} must be a date such as 2026-11-30 (got {text!r})") from None
    return found


@dataclass(frozen=True)
class Question:
    """A query of the package, and the values for its places."""

    name: str
    sql: str
    period: Period

    @property
    def parameters(self) -> list[str]:
        """For each pair of `?` the period's bounds: the queries have their places in such pairs."""
        places = _COMMENT_OR_TEXT.sub("", self.sql).count("?")
        return list(self.period.bounds) * (places // _BOUNDS)

    def key(self, database: str, bucket: int) -> str:
        """The same for the same question in the same span of time; other SQL is another question."""
        parts = [database, self.name, self.sql, *self.parameters, str(bucket)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def ask(name: str, parameters: Mapping[str, str], queries: Mapping[str, str]) -> Question:
    """The question of a request.

    Raises:
        QuestionError: there is no such query, or the period is none.
    """
    if name not in queries:
        raise QuestionError(f"there is no query {name!r}; there are {', '.join(sorted(queries))}", 404)
    return Question(name, queries[name], Period.read(parameters))


def with_table_names(sql: str, names: Mapping[str, str]) -> str:
    """The statement for a deployment whose tables are named otherwise."""
    for written, deployed in names.items():
        sql = re.sub(rf"\b{re.escape(written)}\b", deployed, sql)
    return sql


_READ: Mapping[str, Callable[[str], Value]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
    **dict.fromkeys(("float", "real", "double", "decimal"), float),
    "boolean": lambda text: text == "true",
    # Athena leaves out the zone, which is UTC, and writes a space where JavaScript wants a T.
    "timestamp": lambda text: f"{text.replace(' ', 'T')}Z",
}


def read_rows(types: Sequence[str], rows: Iterable[Sequence[str | None]]) -> list[list[Value]]:
    """Athena's texts as JSON's values; NULL is null."""
    readers = [_READ.get(type, str) for type in types]
    return [
        [None if text is None else read(text) for read, text in zip(readers, row, strict=True)]
        for row in rows
    ]


def answer_text(
    question: Question, columns: Sequence[str], rows: Sequence[Sequence[Value]], *, asked_at: str
) -> str:
    """What the page gets, and what is kept for the next one."""
    return json.dumps(
        {
            "name": question.name,
            "start": str(question.period.start),
            "end": str(question.period.end),
            "askedAt": asked_at,
            "columns": list(columns),
            "rows": rows,
        },
        separators=(",", ":"),
    )
