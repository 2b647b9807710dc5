"""`make demo`: web events over HTTP into an Iceberg table, Athena SQL about them, and an account that closes.

Everything runs as a user would run it: `python -m local_runtime`, `gen_fake_data.py`, plain HTTP. The state
is thrown away at the end.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
DELIVERY_SECONDS = 120
DELIVERY_INTERVAL = 1.0
INVALID_RATIO = 0.01
BATCH_SIZE = 500

console = Console(width=None if sys.stdout.isatty() else 120)


class DemoError(Exception):
    """Something that ends the demo: one sentence and exit code 1."""


@dataclass(frozen=True)
class Run:
    """A local run of ours."""

    state: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def status(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_local/status", timeout=30) as response:  # noqa: S310
            return dict(json.load(response))

    def sql(self, *arguments: str) -> str:
        """What `python -m local_runtime sql` prints."""
        command = [sys.executable, "-m", "local_runtime", "sql", "--port", str(self.port), *arguments]
        finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
        if finished.returncode != 0:
            raise DemoError(f"{' '.join(arguments)}: {finished.stderr.strip()}")
        return finished.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--assembly", type=Path, default=ROOT / "cdk.out", help="what `make synth` wrote")
    parser.add_argument("--events", type=int, default=10_000, help="events to send (default: %(default)s)")
    arguments = parser.parse_args()
    if not 1 <= arguments.events <= 1_000_000:
        parser.error(f"--events must be 1-1000000 (got {arguments.events})")
    started = time.monotonic()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="demo-") as folder,
            _local_run(arguments.assembly, Path(folder)) as run,
        ):
            closes = _show(run, arguments.events)
    except DemoError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    console.print(f"The demo took {time.monotonic() - started:.0f} s.")
    sys.exit(0 if closes else 1)


def _show(run: Run, events: int) -> bool:
    status = run.status()
    api, stream = status["apis"][0], status["streams"][0]["name"]
    api_url = f"{run.url}/{api['name']}/{api['stages'][0]}"
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


@contextmanager
def _local_run(assembly: Path, folder: Path) -> Iterator[Run]:
    """A local run with its state in `folder` on a free port, stopped at the end whatever happens."""
    command = [sys.executable, "-m", "local_runtime", "up", "--port", "0", "--state", str(folder)]
    command += ["--assembly", str(assembly), "--interval", str(DELIVERY_INTERVAL)]
    log = folder / "up.txt"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603
        try:
            run = _wait_until_up(process, folder, log)
            console.print(log.read_text().strip(), markup=False, highlight=False)
            yield run
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], folder: Path, log: Path) -> Run:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoError(f"the local run ended at once:\n{log.read_text()}")
        info = folder / "run.json"
        if info.exists():
            run = Run(folder, int(json.loads(info.read_text())["port"]))
            status = run.status()
            if status["failure"] is not None:
                raise DemoError(f"the local run cannot work: {status['failure']}")
            if status["ready"]:
                return run
        time.sleep(0.1)
    raise DemoError(f"the local run was not up after {START_SECONDS} s:\n{log.read_text()}")


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


if __name__ == "__main__":
    main()
