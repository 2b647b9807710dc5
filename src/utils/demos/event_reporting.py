"""Two months of events, the report about the later one by mail, and a report that cannot be made."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rich.progress import track
from rich.table import Table

from src.utils.demos.local_run import ROOT, DemoError, Run, console

DELIVERY_STREAM = "events-stream-dev-reporting"
STATE_MACHINE = "event-report-dev-reporting"
BATCH_SIZE = 500
SEED = 7
FORMATS = ("pdf", "html", "epub", "csv", "docx", "odt", "txt", "rtf", "md", "xlsx", "pptx", None)
USERS = 500

Event = dict[str, str]


@dataclass(frozen=True)
class Month:
    start: date
    end: date

    @classmethod
    def before(cls, day: date) -> Month:
        end = day.replace(day=1) - timedelta(days=1)
        return cls(end.replace(day=1), end)

    def __contains__(self, event: Event) -> bool:
        return self.start.isoformat() <= event["timestamp"][:10] <= self.end.isoformat()


def show(run: Run, events: int) -> bool:
    """Events, a report, a failure; whether the mail says what was sent, and the failure is mailed."""
    month = Month.before(datetime.now(UTC).date())
    month_before = Month.before(month.start)
    console.rule(f"{events:,} events of two months to the delivery stream {DELIVERY_STREAM}")
    sent = list(_events(events, month_before, month))
    _put(run, sent)
    console.print(run.command("flush").strip(), highlight=False)
    sys.stdout.write(run.sql("select * from event_reporting.events order by id limit 5"))
    sys.stdout.flush()

    console.rule(f"The report about {month.start} to {month.end}")
    report = _execute(run, {"startDate": f"{month.start}", "endDate": f"{month.end}"})
    agrees = _mail_agrees(report, [_in(sent, month), _in(sent, month_before)])

    console.rule("A report that cannot be made: it ends before it starts")
    failure = _execute(run, {"startDate": f"{month.end}", "endDate": f"{month.start}"})
    return _is_mailed(failure) and agrees


def _events(count: int, *months: Month) -> Iterator[Event]:
    """Some formats and users more than others, some events without a format; the same on the same day."""
    chance = random.Random(SEED)  # noqa: S311  # a demo's data
    first, last = months[0].start, months[-1].end
    moments = int(((last - first).days + 1) * 86_400)
    midnight = datetime(first.year, first.month, first.day)
    for number in range(count):
        moment = midnight + timedelta(seconds=chance.randrange(moments))
        event = {
            "id": f"{number:07}",
            "userId": f"user-{int(USERS * chance.random() ** 2):03}",
            "timestamp": f"{moment.isoformat()}Z",
        }
        name = FORMATS[int(len(FORMATS) * chance.random() ** 1.5)]
        yield event if name is None else {**event, "format": name}


def _put(run: Run, events: Sequence[Event]) -> None:
    import boto3

    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    firehose = boto3.client("firehose", endpoint_url=run.url, region_name="us-east-1", **keys)
    for start in track(range(0, len(events), BATCH_SIZE), "put", console=console):
        batch = [{"Data": json.dumps(event).encode()} for event in events[start : start + BATCH_SIZE]]
        answer = firehose.put_record_batch(DeliveryStreamName=DELIVERY_STREAM, Records=batch)
        if answer["FailedPutCount"]:
            raise DemoError(f"{answer['FailedPutCount']} events were not put")


def _in(events: Sequence[Event], month: Month) -> list[Event]:
    return [event for event in events if event in month]


def _execute(run: Run, period: dict[str, str]) -> dict[str, Any]:
    """What `start-execution` tells; it ends with 1 when the execution has failed."""
    command = [sys.executable, "-m", "local_runtime", "start-execution", STATE_MACHINE]
    command += ["--input", json.dumps(period), "--format", "json", "--port", str(run.port)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if finished.returncode not in (0, 1):
        raise DemoError(f"start-execution: {finished.stderr.strip() or finished.stdout}")
    report: dict[str, Any] = json.loads(finished.stdout)
    _print(report)
    return report


def _print(report: dict[str, Any]) -> None:
    table = Table("state", "type", "what failed", title=f"{report['status']} in {report['seconds']:.1f} s")
    for state in report["states"]:
        table.add_row(state["state"], state["type"], ", ".join(state["failures"]))
    console.print(table)
    for message in report["messages"]:
        text = f"Subject: {message['subject']}\n\n{message['message']}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def _mail_agrees(report: dict[str, Any], months: Sequence[Sequence[Event]]) -> bool:
    """Totals and both lists of ten in the one mail, against the events that were put."""
    mail = _only_mail(report)
    found = _totals(mail)
    listed = [
        (name, int(events.replace(",", "")))
        for name, events in re.findall(r"^ +\d+\. (.*?) +([\d,]+) +[\d.]+ %", mail, re.MULTILINE)
    ]
    wanted = [*_top_ten("format", months), *_top_ten("userId", months)]
    sent = [len(month) for month in months]
    agrees = report["status"] == "SUCCEEDED" and found == sent and listed == wanted
    table = Table("", "sent", "", "in the mail")
    table.add_row("events", f"{sent}", "=" if found == sent else "[red]≠[/red]", f"{found}")
    table.add_row("top ten", _sum(wanted), "=" if listed == wanted else "[red]≠[/red]", _sum(listed))
    console.print(table)
    return agrees


def _totals(mail: str) -> list[int]:
    """Events in the period and in the one before."""
    totals = re.search(r"^Events +([\d,]+) +before +([\d,]+)", mail, re.MULTILINE)
    if totals is None:
        totals = re.search(r"No event()[^.]*\.\nIn the period before there were ([\d,]+)\.", mail)
    return [] if totals is None else [int(text.replace(",", "") or "0") for text in totals.groups()]


def _top_ten(field: str, months: Sequence[Sequence[Event]]) -> list[tuple[str, int]]:
    """As the report sorts: by events, by those of the month before, by name; no name comes last."""
    now, before = (Counter(event.get(field) for event in month) for month in months)
    ranked = sorted(now, key=lambda name: (-now[name], -before[name], name is None, name or ""))
    return [("(none)" if name is None else name, now[name]) for name in ranked[:10]]


def _sum(listed: Sequence[tuple[str, int]]) -> str:
    return f"{len(listed)} lines, {sum(events for _, events in listed):,} events"


def _is_mailed(failure: dict[str, Any]) -> bool:
    told = "InvalidPeriodError: startDate must not be after endDate" in _only_mail(failure)
    passed = [state["state"] for state in failure["states"]]
    as_wanted = failure["status"] == "FAILED" and told and passed == ["StartQuery", "ReportFailure", "Failed"]
    console.print("The failure was mailed." if as_wanted else "[red]The failure was not mailed.[/red]")
    return as_wanted


def _only_mail(report: dict[str, Any]) -> str:
    mails = [message["message"] for message in report["messages"]]
    return str(mails[0]) if len(mails) == 1 else ""
