"""Where the person was found, what was erased, and what remains until when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .erase import Found, Outcome

OPTIMIZER_DAYS = 5


def as_report(outcome: Outcome) -> dict[str, Any]:
    found = outcome.found
    return {
        "rows_deleted": found.rows - outcome.rows_left,
        "rows_left": outcome.rows_left,
        "error_objects": [
            {"key": item.key, "lines": item.lines, "possible_mentions": item.mentions}
            for item in found.error_objects
        ],
        "error_lines_left": outcome.error_lines_left,
        "possible_mentions_left": outcome.mentions,
        "complete": outcome.is_complete,
        "remains": list(remains(outcome)),
    }


def found_lines(found: Found) -> Iterator[str]:
    yield f"{found.rows:,} rows of the table"
    objects = [item for item in found.error_objects if item.lines]
    yield f"{found.error_lines:,} failed records in {len(objects):,} error objects"
    for item in objects:
        yield f"  {item.lines:,} in {item.key}"
    if found.mentions:
        yield f"{found.mentions:,} possible mentions in other failed records, which are not erased:"
        yield "  the id is there inside a longer text, or in a record that names somebody else as its own"
        for item in found.error_objects:
            if item.mentions:
                yield f"  {item.mentions:,} in {item.key}"
        yield "  look at them; --also-mentions erases these records too"


def remains(outcome: Outcome) -> Iterator[str]:
    """What no deletion reaches, and until when it is there."""
    if outcome.rows_left or outcome.error_lines_left:
        yield (
            f"{outcome.rows_left:,} rows and {outcome.error_lines_left:,} failed records have come since,"
            " or could not be erased: run the command again"
        )
    if outcome.mentions:
        yield (
            f"{outcome.mentions:,} possible mentions in other failed records, not erased: look at them, and"
            " pass --also-mentions to erase these records too"
        )
    if not outcome.files_gone:
        yield (
            "older snapshots of the table still have the rows in their files: run the command again after"
            f" {_text(outcome.files_until)}, or leave it to the table's retention optimizer"
            f" ({OPTIMIZER_DAYS} days); no query of the table as it is now sees them"
        )
    yield (
        f"the stream keeps every event for {outcome.retention_hours} hours and nothing can be deleted from"
        f" it: what it holds now is gone by {_text(outcome.stream_until)}; events that were on their way when"
        " the rows were deleted are stored after it, so run the command again then"
    )
    yield "logs, metrics, the access log and Athena's query history hold no user ids"
    yield "results of your own Athena queries are where you put them; they were not looked at"


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
