"""The dashboards over a million rows each: how soon a page has its first figures, and what it weighs."""

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from playwright.sync_api import Browser, sync_playwright

from benchmarks.cases.chain import ROOT, Run, local_run
from benchmarks.measure import Result
from local_runtime.lakehouse.lakehouse import Lakehouse
from local_runtime.lakehouse.object_store import ObjectStore
from src.utils.fake_data.app_events import app_events

NAME = "dashboards: 1,000,000 rows, a fresh browser"
ROWS, DAYS, OPENINGS = 1_000_000, 7, 5
PAGES = {"web-analytics-dashboard": "Iceberg", "app-analytics-dashboard": "JSON, as it was crawled"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BUCKET = "app-analytics-us-east-1-123456789012"
DATABASE, TABLE = "web_log_iceberg_db", "web_log_iceberg"
EVENTS = ("visit", "view", "list", "like", "cart", "purchase")
SETTINGS = {
    "systems": "web_analytics,app_analytics",
    "web_analytics_dashboard": {"cache_seconds": 1},
    "app_analytics": {"dashboard": {"cache_seconds": 1}},
}
FIRST_FIGURES_SECONDS, PAGE_KILOBYTES = 2.5, 450
WAIT_MS = 60_000


@dataclass(frozen=True)
class Opening:
    """One look at a page."""

    first_figures: float
    all_figures: float
    kilobytes: float


def run() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        assembly, state = Path(folder) / "cdk.out", Path(folder) / "state"
        synthesize(assembly)
        with local_run(assembly, state) as tables_made:
            tables_made.rows()
        fill_web_log(state)
        fill_app_events(state)
        with local_run(assembly, state) as filled, browser() as chromium:
            subprocess.run(command(filled, "crawl"), cwd=ROOT, check=True, capture_output=True)
            assert filled.rows() == ROWS
            return [result for page in PAGES for result in measured(page, filled, chromium)]


def measured(page: str, run: Run, browser: Browser) -> Iterator[Result]:
    """The first opening starts the functions' processes too; later ones ask each question anew."""
    first, *later = [opened(page, run, browser) for _ in range(1 + OPENINGS)]
    figures = statistics.median(opening.first_figures for opening in later)
    name = f"{page} ({PAGES[page]})"
    yield Result(
        name=f"{name}: opening to first figures",
        value=figures,
        unit="s",
        target=FIRST_FIGURES_SECONDS,
        better="lower",
    )
    yield Result(
        name=f"{name}: the same at the first opening after `up`",
        value=first.first_figures,
        unit="s",
        target=FIRST_FIGURES_SECONDS,
        better="lower",
    )
    yield Result(
        name=f"{name}: opening to all figures and charts",
        value=statistics.median(opening.all_figures for opening in later),
        unit="s",
    )
    yield Result(
        name=f"{name}: weight, compressed",
        value=first.kilobytes,
        unit="kB",
        target=PAGE_KILOBYTES,
        better="lower",
    )


def opened(page: str, run: Run, browser: Browser) -> Opening:
    """A browser that has nothing of the page opens it, signing in included."""
    time.sleep(1.1)  # answers are kept for a second
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    sizes: list[float] = []
    session = context.new_cdp_session(tab)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    started = time.monotonic()
    tab.goto(f"http://127.0.0.1:{run.port}/{page}/v1/?range=7d", wait_until="commit")
    tab.wait_for_selector(".tile dd[data-value]", timeout=WAIT_MS)
    first = time.monotonic() - started
    tab.wait_for_selector("html[data-state=ready]", timeout=WAIT_MS)
    everything = time.monotonic() - started
    context.close()
    return Opening(first, everything, sum(sizes) / 1000)


@contextmanager
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        chromium.new_page().close()  # whoever opens a page has a browser that runs
        yield chromium
        chromium.close()


def command(run: Run, name: str) -> list[str]:
    return [sys.executable, "-m", "local_runtime", name, "--port", str(run.port)]


def synthesize(assembly: Path) -> None:
    committed = json.loads((ROOT / "cdk.context.json").read_text(encoding="utf-8"))
    context = {
        **committed,
        **json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"],
        **SETTINGS,
    }
    variables = {**os.environ, "CDK_OUTDIR": str(assembly), "CDK_CONTEXT_JSON": json.dumps(context)}
    subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=variables, check=True, capture_output=True)


def fill_web_log(state: Path) -> None:
    """Four commits, a file a day and event type each: what is left of deliveries after their compaction."""
    lakehouse = Lakehouse(state, ObjectStore(state / "s3"))
    try:
        for part in range(4):
            numbers = range(part * ROWS // 4, (part + 1) * ROWS // 4)
            lakehouse.append(DATABASE, TABLE, web_log(numbers), {})
    finally:
        lakehouse.close()


def web_log(numbers: range) -> pa.Table:
    start, span = first_day(), int((datetime.now(UTC) - first_day()).total_seconds())
    times = [(start + timedelta(seconds=number * 104_729 % span)).replace(tzinfo=None) for number in numbers]
    return pa.table(
        {
            "user_id": [f"user-{number * 7919 % 20_011}" for number in numbers],
            "session_id": [f"session-{number // 9}" for number in numbers],
            "event": [EVENTS[number * 31 % len(EVENTS)] for number in numbers],
            "referrer": [
                (None, "https://www.google.com/", "https://news.example.org/a")[n % 3] for n in numbers
            ],
            "user_agent": ["Mozilla/5.0"] * len(numbers),
            "ip": [f"192.0.2.{number % 251}" for number in numbers],
            "hostname": ["shop.example.com"] * len(numbers),
            "os": ["Linux"] * len(numbers),
            "timestamp": pa.array(times, pa.timestamp("us")),
            "uri": [f"/products/{number % 997}" for number in numbers],
            "event_id": [f"{number:032x}" for number in numbers],
            "received_at": pa.array(times, pa.timestamp("us")),
        }
    )


def fill_app_events(state: Path) -> None:
    """One object an hour, as Firehose leaves them."""
    objects = ObjectStore(state / "s3")
    events = app_events(random.Random(1))
    hours = int((datetime.now(UTC) - first_day()).total_seconds()) // 3600 + 1
    for number in range(hours):
        hour = first_day() + timedelta(hours=number)
        count = ROWS * (number + 1) // hours - ROWS * number // hours
        body = "".join(f"{json.dumps(next(events))}\n" for _ in range(count))
        objects.put(BUCKET, hour.strftime("raw/firehose/%Y/%m/%d/%H/app-analytics-events-1"), body.encode())


def first_day() -> datetime:
    """Midnight UTC of the first of the days that the page shows when it is opened."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=DAYS - 1)
