"""What a replay did, or would do, by reason and with samples; the numbers add up."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from .judging import Outcome
from .replay import Tally

OTHER_COLUMNS = 60
"""What reason, outcome, records and the lines between them need; the example gets the rest."""


def as_report(tally: Tally, *, dry_run: bool, given_up: int | None) -> dict[str, Any]:
    """`given_up` is how many lie under unrecoverable/, None where nobody counted them."""
    groups = [
        {
            "reason": reason,
            "outcome": outcome.value,
            "records": number,
            "samples": tally.samples[reason, outcome],
        }
        for (reason, outcome), number in _groups(tally)
    ]
    return {
        "dry_run": dry_run,
        "objects": tally.objects,
        "read": tally.read,
        "passes_as_it_is": tally.count(Outcome.PASSES),
        "passes_when_repaired": tally.count(Outcome.REPAIRED),
        "unrecoverable": tally.unrecoverable,
        "put_back_before": tally.again,
        "put_back_now": 0 if dry_run else tally.put_back,
        "refused_by_the_stream": tally.not_put,
        "lie_under_unrecoverable": given_up,
        "adds_up": tally.adds_up,
        "groups": groups,
    }


def print_report(tally: Tally, *, dry_run: bool, console: Console, given_up: int | None) -> None:
    example = Column("for example", no_wrap=True, max_width=max(20, console.width - OTHER_COLUMNS))
    shown = Table("reason", "outcome", Column("records", justify="right"), example)
    for (reason, outcome), number in _groups(tally):
        samples = "\n".join(_printable(text) for text in tally.samples[reason, outcome])
        shown.add_row(escape(reason), outcome.value, f"{number:,}", samples)
    if tally.outcomes:
        console.print(shown)
    console.print(summary(tally, dry_run=dry_run), highlight=False, soft_wrap=True)
    if given_up:
        console.print(
            f"{given_up:,} lie under unrecoverable/: `--retry-unrecoverable --fixes FILE` reads them again.",
            highlight=False,
            soft_wrap=True,
        )


def summary(tally: Tally, *, dry_run: bool) -> str:
    passes, repaired = tally.count(Outcome.PASSES), tally.count(Outcome.REPAIRED)
    account = (
        f"{tally.read:,} failed records (error objects: {tally.objects:,}) = {passes:,} that pass as they are"
        f" + {repaired:,} that pass when repaired + {tally.unrecoverable:,} unrecoverable"
        f" + {tally.again:,} put back before"
    )
    if dry_run:
        return f"{account}\nDry run: {passes + repaired:,} would be put back; nothing was changed."
    text = f"{account}\n{tally.put_back:,} were put back now."
    if tally.not_put:
        text += f" {tally.not_put:,} more were refused by the stream and stay where they are: run this again."
    return text


def _groups(tally: Tally) -> list[tuple[tuple[str, Outcome], int]]:
    return sorted(tally.outcomes.items(), key=lambda item: (-item[1], item[0]))


def _printable(text: str) -> str:
    """Bad records are anybody's bytes: none of them steers the terminal."""
    return escape("".join(char if char.isprintable() else ascii(char)[1:-1] for char in text))
