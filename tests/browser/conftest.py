"""Pages in headless Chromium: no console error, no request that leaves this machine, whatever a test does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from local_runtime.client import ControlClient
from tests.conftest import ROOT, LocalRunProcess

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NOW = "2026-11-21T15:30:00Z"
"""The pages' clock; the data of the tests are of the days before it."""
WAIT_MS = 20_000
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="module")  # its event loop would be in the way of other modules' tests
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Dashboard:
    """A page of a run's dashboard, and what happened behind it."""

    page: Page
    address: str
    run: LocalRunProcess
    said: list[str] = field(default_factory=list)
    """Warnings and errors of the console, and exceptions that nobody caught."""
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.on("pageerror", lambda error: self.said.append(f"exception: {error}"))
        self.page.on("console", self._listen)

    def _listen(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.said.append(f"{message.type}: {message.text}")

    def open(self, query: str = "", state: str = "ready") -> None:
        self.page.goto(f"{self.address}{query}")
        self.wait(state)

    def wait(self, state: str = "ready") -> None:
        expect(self.page.locator("html")).to_have_attribute("data-state", state)

    def show(self, act: Callable[[], Any]) -> None:
        """Do what makes the page ask anew, and wait for all that it asks."""
        with self.page.expect_response("**/queries/totals?*"):
            act()
        self.wait()

    def sql(self, statement: str) -> list[dict[str, Any]]:
        """The rows that Athena's SQL gives, asked beside the page."""
        answer = ControlClient(self.run.port, self.run.state).ask("sql", {"sql": statement})
        names = [column["name"] for column in answer["columns"]]
        return [dict(zip(names, row, strict=True)) for row in answer["rows"]]

    def panel(self, query: str) -> Any:
        return self.page.locator(f'[data-panel="{query}"]')

    def tile(self, label: str) -> float:
        tile = self.page.locator(".tile", has=self.page.get_by_text(label, exact=True))
        return float(tile.locator("dd").first.get_attribute("data-value") or "nan")

    def rows(self, query: str) -> list[list[Any]]:
        """The table of a panel with bars: its headings, and the figures as they came."""
        return list(
            self.panel(query)
            .locator("tbody tr")
            .evaluate_all(
                """rows => rows.map(row => [row.querySelector("th").innerText.trim(),
                ...[...row.querySelectorAll("td span")].map(cell => Number(cell.dataset.value))])"""
            )
        )

    def violations(self) -> list[str]:
        """What axe-core finds of WCAG 2.2, levels A and AA, and of good practice."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{rule['id']}: {node['html']} {node.get('failureSummary', '')}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]


OpenDashboard = Callable[..., Any]


@pytest.fixture
def open_dashboard(browser: Browser) -> Iterator[OpenDashboard]:
    """`with open_dashboard(run, "web-analytics-dashboard") as dashboard:`; a context of its own each."""

    @contextmanager
    def open_dashboard(
        run: LocalRunProcess, api: str, *, expected: str = "", now: str | None = NOW, **options: Any
    ) -> Iterator[Dashboard]:
        context = browser.new_context(
            **{"locale": "en-GB", "viewport": {"width": 1280, "height": 900}} | options
        )
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        if now is not None:
            page.clock.set_fixed_time(now)
        dashboard = Dashboard(page, f"{run.url}/{api}/v1/", run)
        yield dashboard
        here = urlsplit(run.url).netloc
        addresses = [request.url for request in dashboard.requests]
        context.close()
        assert addresses
        assert [url for url in addresses if urlsplit(url).netloc != here] == []
        assert [line for line in dashboard.said if not expected or expected not in line] == []

    yield open_dashboard


def as_lines(items: list[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(item)}\n" for item in items).encode()
