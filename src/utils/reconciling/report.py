"""The account as a table for a terminal, or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .collect import Statement

if TYPE_CHECKING:
    from rich.table import Table

NO_ARRIVAL = (
    "The table has no column received_at: the rows of commits within the range were counted, so records that"
    " were on their way at one of its ends count on one side alone."
)


def as_report(statement: Statement) -> dict[str, Any]:
    return {
        "from": statement.within.start.isoformat(),
        "to": statement.within.end.isoformat(),
        **statement.account.as_dict(),
        "api": statement.api,
        "stored_counted_by": "received_at" if statement.by_arrival else "commits",
    }


def print_report(statement: Statement) -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    console.print(_table(statement))
    for line in _remarks(statement):
        console.print(line, highlight=False, markup=False)
    console.print(_verdict(statement), highlight=False)


def _table(statement: Statement) -> Table:
    from rich.table import Table

    account, within = statement.account, statement.within
    title = f"{within.start:%Y-%m-%d %H:%M} to {within.end:%Y-%m-%d %H:%M} UTC, by arrival"
    table = Table("", "records", "counted by", title=title, title_justify="left")
    table.columns[1].justify = "right"
    table.add_row(
        "accepted by the stream", f"{account.accepted:,}", "CloudWatch: IncomingRecords", style="bold"
    )
    table.add_section()
    place = "received_at" if statement.by_arrival else "commits"
    rows = [("stored", account.stored, f"Athena: rows by {place}")]
    if account.repeated:
        rows.append(("less: stored again", -account.repeated, "Athena: same event_id and received_at"))
    if account.merged:
        rows.append(("merged by unique key", account.merged, "CloudWatch: SuccessfulRowCount - rows"))
    if account.erased:
        rows.append(("erased", account.erased, "S3: the erasures' own accounts"))
    rows.append(("rejected by the transform", account.failures.rejected, "S3: error objects"))
    rows += [(f"  {reason}", count, "CloudWatch: the transform") for reason, count in account.reasons.items()]
    rows.append(("undeliverable", account.undeliverable, "S3: error objects"))
    rows += [(f"  {code}", count, "") for code, count in account.failures.undeliverable.items()]
    rows.append(("in flight", account.in_flight, f"the rest, at most {account.possibly_in_flight:,}"))
    for name, count, source in rows:
        table.add_row(name, f"{count:,}", source)
    table.add_section()
    table.add_row("difference", f"{account.difference:,}", "", style="bold")
    return table


def _remarks(statement: Statement) -> list[str]:
    account, api = statement.account, statement.api
    remarks = [f"API Gateway: {', '.join(f'{count:,} {name}' for name, count in api.items())}."]
    counted = sum(account.reasons.values())
    if counted != account.failures.rejected:
        remarks.append(
            f"The transform counted {counted:,} rejections in this time: at the moment when it saw a record,"
            " and again when Firehose tried again."
        )
    failures = account.failures
    if failures.replayed or failures.unrecoverable:
        remarks.append(
            f"Of the failed, {failures.replayed:,} have been replayed since (and accepted a second time),"
            f" {failures.unrecoverable:,} are unrecoverable."
        )
    if failures.unreadable_lines:
        remarks.append(f"{failures.unreadable_lines:,} lines of error objects are no envelopes of Firehose.")
    if not statement.by_arrival:
        remarks.append(NO_ARRIVAL)
    return remarks


def _verdict(statement: Statement) -> str:
    account = statement.account
    if account.closes and account.in_flight:
        return (
            f"The account [green]closes[/green] so far: of {account.accepted:,} accepted,"
            f" {account.in_flight:,} are still on their way."
        )
    if account.closes:
        return f"The account [green]closes[/green]: {account.accepted:,} accepted, all accounted for."
    if account.difference < 0:
        what = f"{-account.difference:,} records are there that nobody accepted"
    elif account.difference > 0:
        what = f"{account.difference:,} accepted records are nowhere"
    else:
        what = "some error objects cannot be read"
    return f"The account [red]does not close[/red]: {what}."
