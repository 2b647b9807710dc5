"""A finished query -> the report that people get by mail."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lambdas.event_reporting.send_report.result import TOP, Counts, Result
from lambdas.event_reporting.send_report.text import Mail, change, number, printable, s3_page, share

_NAME_WIDTH = 40


def report(query: Mapping[str, Any], result: Result, *, region: str, expire_after_days: int) -> Mail:
    """`query`: what the state GetQueryStatus answered last."""
    total = result.total
    period = f"{query['startDate']} to {query['endDate']}"
    heading = (
        f"Event report: {period} (UTC)\nCompared with: {query['startDateBefore']} to {query['endDateBefore']}"
    )
    if total.events:
        parts = [
            "\n".join(_totals(total)),
            "\n".join(_list("formats", total.formats, result.formats, total.events)),
            "\n".join(_list("users", total.users, result.users, total.events)),
        ]
    else:
        parts = [_nothing(total.events_before)]
    full_result = _full_result(query["outputLocation"], region, expire_after_days)
    text = "\n\n".join([heading, *parts, full_result])
    return Mail(f"Event report {period}: {_summary(total)}", f"{text}\n")


def _summary(total: Counts) -> str:
    summary = f"{number(total.events)} {'event' if total.events == 1 else 'events'}"
    if total.events and total.events_before:
        summary += f" ({change(total.events, total.events_before)})"
    return summary


def _totals(total: Counts) -> Iterator[str]:
    for name, now, before in (
        ("Events", total.events, total.events_before),
        ("Users", total.users, total.users_before),
    ):
        yield f"{name:<8}{number(now):>14}   before {number(before):>14}   {change(now, before):>10}"
    unidentified = total.events - total.ids
    if unidentified:
        yield f"{number(unidentified)} of the events have no id, or the id of another event in the period."


def _list(title: str, different: int, rows: Sequence[Counts], events: int) -> Iterator[str]:
    """Events without a name have a line of their own, which `different` does not count."""
    yield f"Top {TOP} {title}, of {number(different)}: events, share, change"
    for place, row in enumerate(rows, start=1):
        name = "(none)" if row.name is None else printable(row.name, _NAME_WIDTH)
        yield (
            f"{place:>3}. {name:<{_NAME_WIDTH}} {number(row.events):>14}"
            f" {share(row.events, events):>8} {change(row.events, row.events_before):>10}"
        )


def _nothing(events_before: int) -> str:
    return (
        "No event in this period: nothing happened, or nothing has arrived.\n"
        f"In the period before there were {number(events_before)}.\n"
        "A day whose files are missing looks the same as a day without events; where events were expected, "
        "look\nat the delivery stream and at the error folder of the events bucket."
    )


def _full_result(location: str, region: str, expire_after_days: int) -> str:
    return (
        f"All formats and all users, for {number(expire_after_days)} days, "
        "for those who may sign in to the account:\n"
        f"{s3_page(location, region)}\n{location}"
    )
