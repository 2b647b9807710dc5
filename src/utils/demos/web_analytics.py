"""The main system: web events over HTTP into an Iceberg table, Athena SQL, and an account that closes."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from src.utils.demos.local_run import ROOT, DemoError, Run, console

API = "log-collector"
DELIVERY_SECONDS = 120
INVALID_RATIO = 0.01
BATCH_SIZE = 500


def show(run: Run, events: int) -> bool:
    """Events, questions and the account; whether it closes."""
    api_url, stream = run.api_url(API), run.status()["streams"][0]["name"]
    console.rule(f"{events:,} events to {api_url}")
    report = _generate(api_url, stream, events)
    console.print(
        f"sent {report['sent']:,} events in {report['requests']:,} requests and {report['seconds']:.1f} s"
        f" ({report['records_per_second']:,.0f} a second), {report['accepted']:,} accepted;"
        f" {report['invalid_sent']:,} of them were made invalid on purpose"
    )
    _wait_for_delivery(run, report["accepted"])
    _answer_questions(run)
    return _print_account(run, report)


def _generate(api_url: str, stream: str, events: int) -> dict[str, Any]:
    """Run the generator with its own progress on the terminal; its report."""
    command = [sys.executable, str(ROOT / "src/utils/gen_fake_data.py"), "--api-url", api_url]
    command += ["--stream-name", stream, "--api-method", "records", "--max-count", str(events)]
    command += ["--batch-size", str(BATCH_SIZE), "--concurrency", "2", "--report", "json"]
    command += ["--invalid-ratio", str(INVALID_RATIO)]
    finished = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if finished.returncode != 0:
        raise DemoError(f"the generator ended with exit code {finished.returncode}: {finished.stdout}")
    return dict(json.loads(finished.stdout))


def _wait_for_delivery(run: Run, accepted: int) -> None:
    columns = (TextColumn("delivered"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    deadline = time.monotonic() + DELIVERY_SECONDS
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("delivered", total=accepted)
        while True:
            deliveries = run.status()["deliveries"]
            delivered = sum(_delivered(delivery["counters"]) for delivery in deliveries)
            progress.update(task, completed=delivered)
            if delivered >= accepted and not any(delivery["waiting"] for delivery in deliveries):
                return
            if time.monotonic() > deadline:
                raise DemoError(f"{accepted - delivered} events were not delivered in {DELIVERY_SECONDS} s")
            time.sleep(0.2)


def _delivered(counters: Mapping[str, int]) -> int:
    names = ("stored", "dropped", "processing-failed", "iceberg-failed")
    return sum(counters.get(name, 0) for name in names)


def _answer_questions(run: Run) -> None:
    for file in sorted((ROOT / "sql/web_analytics/queries").glob("*.sql")):
        question = file.read_text().splitlines()[0].removeprefix("--").strip()
        console.rule(f"{file.name}: {question}")
        sys.stdout.write(run.sql("--file", str(file)))
        sys.stdout.flush()


def _print_account(run: Run, report: Mapping[str, Any]) -> bool:
    """Three counts from three places: the generator's, the table's and the error objects'."""
    count = "select count(*) as n from web_log_iceberg_db.web_log_iceberg"
    stored = int(json.loads(run.sql(count, "--format", "json"))[0]["n"])
    errors = list(_error_objects(run.state))
    failed = sum(len(envelopes) for _, envelopes in errors)
    closes = report["sent"] == report["accepted"] == stored + failed and failed == report["invalid_sent"]
    console.rule("The account")
    table = Table("sent", "=", "stored", "+", "failed", show_header=True)
    table.add_row(f"{report['sent']:,}", "=" if closes else "≠", f"{stored:,}", "+", f"{failed:,}")
    console.print(table)
    _print_failures(run, errors)
    verdict = "[green]closes[/green]" if closes else "[red]does not close[/red]"
    console.print(f"The account {verdict}: {report['accepted']:,} accepted, {stored:,} + {failed:,} found.")
    return bool(closes)


def _print_failures(run: Run, errors: list[tuple[str, list[dict[str, Any]]]]) -> None:
    reasons: Counter[str] = Counter()
    for metric in run.status()["metrics"]:
        _, dot, reason = metric["name"].partition("Rejected.")
        if dot:
            reasons[reason] += int(metric["sum"])
    table = Table("why the transform rejected them", "events")
    for reason, count in reasons.most_common():
        table.add_row(reason, f"{count:,}")
    console.print(table)
    for uri, envelopes in errors:
        console.print(f"{len(envelopes):,} failed records in {uri}", highlight=False, soft_wrap=True)
    if errors:
        sample = errors[0][1][0]
        raw = base64.b64decode(sample["rawData"]).decode(errors="replace").strip()
        text = f"for example {sample['errorCode']}: {raw}"
        console.print(escape(text), highlight=False, soft_wrap=True)


def _error_objects(state: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every object under an error prefix, with the envelopes in it."""
    buckets = state / "s3"
    for path in sorted(buckets.rglob("*-failed/**/*")):
        if path.is_file():
            data = path.read_bytes()
            lines = (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()
            yield f"s3://{path.relative_to(buckets).as_posix()}", [json.loads(line) for line in lines]
