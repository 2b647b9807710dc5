"""App events into a delivery stream, a crawler that finds their schema, SQL on nested fields, a dashboard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from src.utils.demos.local_run import ROOT, DemoError, Run, console

DELIVERY_STREAM = "app-analytics-events"
DASHBOARD = "app-analytics-dashboard"
TABLE = '"serverless-app-analytics-database".firehose'
QUERIES = ROOT / "sql/app_analytics/queries"
TEMPLATE = Path("docs/examples/app_event.template.txt")
SEED = "7"
BATCH_SIZE = 500
FROM_A_TEMPLATE = 1000

Event = dict[str, Any]


def show(run: Run, events: int) -> bool:
    """Events, their schema, questions, counts and the page; whether the counts agree."""
    sessions = _send(run, "events of customers in sessions", ["--template", "app_event"], events)
    templated = _send(
        run, f"records of {TEMPLATE}", ["--template-file", str(TEMPLATE)], min(events, FROM_A_TEMPLATE)
    )
    console.rule("The crawler looks at what was delivered")
    console.print(run.command("flush").strip(), run.command("crawl").strip(), sep="\n", highlight=False)
    _show_schema(run)
    _answer_questions(run)
    agrees = _counts_agree(run, [*sessions, *templated])
    _show_dashboard(run)
    return agrees


def _send(run: Run, what: str, template: Sequence[str], count: int) -> list[Event]:
    """Send events to the delivery stream; the same events, as the same seed prints them."""
    console.rule(f"{count:,} {what} to the delivery stream {DELIVERY_STREAM}")
    same = [*template, "--max-count", str(count), "--seed", SEED]
    to_firehose = ["--target", "firehose", "--delivery-stream", DELIVERY_STREAM, "--report", "json"]
    parallel = ["--batch-size", str(BATCH_SIZE), "--concurrency", "2"]
    report = json.loads(_generator(run, [*same, *to_firehose, *parallel]))
    console.print(
        f"sent {report['sent']:,} events in {report['requests']:,} requests and {report['seconds']:.1f} s"
        f" ({report['records_per_second']:,.0f} a second), {report['accepted']:,} accepted"
    )
    return [json.loads(line) for line in _generator(run, [*same, "--dry-run"]).splitlines()]


def _generator(run: Run, flags: Sequence[str]) -> str:
    """What the generator prints; its progress stays on the terminal."""
    finished = subprocess.run(  # noqa: S603
        [sys.executable, str(ROOT / "src/utils/gen_fake_data.py"), *flags],
        cwd=ROOT,
        env={**os.environ, "AWS_ENDPOINT_URL": run.url},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise DemoError(f"the generator ended with exit code {finished.returncode}: {finished.stdout}")
    return finished.stdout


def _show_schema(run: Run) -> None:
    table = Table("column that the crawler found", "type")
    for name, type in _columns(run):
        table.add_row(name, type)
    console.print(table)


def _columns(run: Run) -> list[tuple[str, str]]:
    rows = json.loads(
        run.sql(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = 'serverless-app-analytics-database' and table_name = 'firehose'"
            " order by ordinal_position",
            "--format",
            "json",
        )
    )
    return [(row["column_name"], row["data_type"]) for row in rows]


def _answer_questions(run: Run) -> None:
    for file in sorted(QUERIES.glob("*.sql")):
        if file.stem == "flat_events":
            continue  # one row an event
        console.rule(f"{file.name}: {file.read_text().splitlines()[0].removeprefix('--').strip()}")
        sys.stdout.write(run.sql("--file", str(file)))
        sys.stdout.flush()


def _counts_agree(run: Run, sent: Sequence[Event]) -> bool:
    """By event type and by product bought: what the generator prints against what SQL finds."""
    steps = [event["event"] for event in sent]
    bought = [step["product"] for step in steps if step["type"] == "checkout"]
    console.rule("What was sent and what is found")
    return all(
        [
            _agree("events of type", Counter(step["type"] for step in steps), _count(run, "event.type")),
            _agree(
                "purchases of", Counter(bought), _count(run, "event.product", "where event.type = 'checkout'")
            ),
        ]
    )


def _count(run: Run, field: str, condition: str = "") -> Counter[str]:
    query = f"select {field} as name, count(*) as n from {TABLE} {condition} group by {field}"  # noqa: S608
    return Counter({row["name"]: int(row["n"]) for row in json.loads(run.sql(query, "--format", "json"))})


def _agree(title: str, sent: Counter[str], found: Counter[str]) -> bool:
    table = Table(title, "sent", "", "found")
    for name in sorted(sent | found, key=str):
        sign = "=" if sent[name] == found[name] else "[red]≠[/red]"
        table.add_row(str(name), f"{sent[name]:,}", sign, f"{found[name]:,}")
    total = "=" if sent.total() == found.total() else "[red]≠[/red]"
    table.add_row("[bold]all[/bold]", f"{sent.total():,}", total, f"{found.total():,}")
    console.print(table)
    return sent == found


def _show_dashboard(run: Run) -> None:
    console.rule("The dashboard")
    address = f"{run.api_url(DASHBOARD)}/"
    try:
        with urllib.request.urlopen(address, timeout=30) as response:  # noqa: S310
            page = response.read()
    except OSError as error:
        raise DemoError(f"no page at {address}: {error}") from error
    if b"<!doctype html>" not in page:
        raise DemoError(f"{address} answers no page")
    kept = address.replace(run.url, "http://127.0.0.1:4566")
    console.print(
        f"It is at {address} as long as this run is up; `make up` keeps one at {kept}", soft_wrap=True
    )
