"""The first rows of the report's query, as Athena's API gives them: all values are text, null is left out.

https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TOP = 10
FIRST_ROWS = 1 + 1 + 2 * TOP
"""The header, the totals and the two lists of ten: sql/event_reporting/jobs/report.sql puts them first."""


@dataclass(frozen=True)
class Counts:
    """A row: the totals, or one format's or one user's; `name` is None for events that have none."""

    name: str | None
    events: int
    events_before: int
    users: int
    users_before: int
    formats: int
    ids: int


@dataclass(frozen=True)
class Result:
    """What the mail tells."""

    total: Counts
    formats: Sequence[Counts]
    users: Sequence[Counts]


def read_result(rows: Sequence[Mapping[str, Any]]) -> Result:
    """Reads `ResultSet.Rows`, the header first.

    Raises:
        ValueError: there is not exactly one row of totals.
    """
    header, *found = [[datum.get("VarCharValue") for datum in row["Data"]] for row in rows]
    sections: dict[str | None, list[Counts]] = {"total": [], "format": [], "user": []}
    for values in found:
        row = dict(zip(header, values, strict=True))
        sections[row["section"]].append(_counts(row))
    if len(sections["total"]) != 1:
        raise ValueError(f"the query's result must have one row of totals (got {len(sections['total'])})")
    return Result(sections["total"][0], _happened(sections["format"]), _happened(sections["user"]))


def _counts(row: Mapping[str | None, Any]) -> Counts:
    names = ("events", "events_before", "users", "users_before", "formats", "ids")
    return Counts(name=row["name"], **{name: int(row[name]) for name in names})


def _happened(rows: Sequence[Counts]) -> list[Counts]:
    """Without those that had events in the period before alone."""
    return [row for row in rows if row.events > 0]
