"""The page of app_analytics: before the crawler has come, and with the figures that SQL gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from playwright.sync_api import expect

from src.utils.fake_data.app_events import app_events
from tests.browser.conftest import NOW, Dashboard, OpenDashboard, as_lines
from tests.conftest import LocalRunProcess, StartRun, synthesize

API = "app-analytics-dashboard"
BUCKET = "app-analytics-us-east-1-123456789012"
TABLE = '"serverless-app-analytics-database".firehose'
DAY = "partition_0 || '-' || partition_1 || '-' || partition_2"
NAMES = {
    "AU": "Australia", "BR": "Brazil", "DE": "Germany", "FR": "France", "GB": "United Kingdom", "IN": "India",
    "JP": "Japan", "KR": "South Korea", "US": "United States",
}  # fmt: skip
EVENTS_OF_AN_HOUR = 40


def put_hours(run: LocalRunProcess) -> None:
    """Raw events as Firehose leaves them: one object in every sixth hour of twelve days."""
    events = app_events(random.Random(11))
    s3 = boto3.client(
        "s3",
        endpoint_url=run.url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    now = datetime.fromisoformat(NOW).astimezone(UTC)
    for hours in range(0, 12 * 24, 6):
        key = (now - timedelta(hours=hours)).strftime("raw/firehose/%Y/%m/%d/%H/app-analytics-events-1")
        s3.put_object(Bucket=BUCKET, Key=key, Body=as_lines([next(events) for _ in range(EVENTS_OF_AN_HOUR)]))


@pytest.fixture(scope="module")
def empty_run(tmp_path_factory: pytest.TempPathFactory, start_run: StartRun) -> Iterator[LocalRunProcess]:
    assembly = tmp_path_factory.mktemp("assembly")
    synthesize(assembly, "app_analytics", app_analytics={"dashboard": {"cache_seconds": 1}})
    with start_run(tmp_path_factory.mktemp("state"), assembly=assembly) as run:
        yield run


@pytest.fixture(scope="module")
def run(empty_run: LocalRunProcess) -> LocalRunProcess:
    put_hours(empty_run)
    crawled = empty_run.command("crawl")
    assert crawled.returncode == 0, crawled.stderr
    return empty_run


def test_page_before_the_first_crawl_waits_for_data_and_is_no_error(
    empty_run: LocalRunProcess, open_dashboard: OpenDashboard
) -> None:
    with open_dashboard(empty_run, API, expected="404 (Not Found)") as dashboard:
        dashboard.open(state="error")
        expect(dashboard.page.locator("#notice")).to_be_hidden()
        for query in ("activity", "funnel", "products", "countries", "origins", "genders"):
            expect(dashboard.panel(query).get_by_text("There is no data yet")).to_be_visible()
        assert dashboard.violations() == []


@pytest.fixture
def dashboard(run: LocalRunProcess, open_dashboard: OpenDashboard) -> Iterator[Dashboard]:
    with open_dashboard(run, API) as dashboard:
        yield dashboard


def assert_figures_are_those_of_sql(dashboard: Dashboard, start: str, end: str) -> None:
    source = f"{TABLE} where {DAY} between '{start}' and '{end}'"
    (totals,) = dashboard.sql(
        "select count(distinct customerid) as customers, "
        "sum(case when event.type = 'search' then 1 else 0 end) as searches, "
        "sum(case when event.type = 'checkout' then 1 else 0 end) as orders, "
        "sum(case when event.type = 'checkout' then cast(event.amount as decimal(12, 2)) end) as revenue "
        f"from {source}"
    )
    assert totals["orders"] > 0
    for label in ("Customers", "Searches", "Orders"):
        assert dashboard.tile(label) == totals[label.lower()]
    assert dashboard.tile("Revenue") == pytest.approx(float(totals["revenue"]))
    for query, column in (("origins", "trafficorigin"), ("countries", "countrycode")):
        found = dashboard.sql(
            f"select {column} as name, count(distinct customerid) as n from {source} group by {column}"
        )
        assert {row[0]: row[1] for row in dashboard.rows(query)} == {
            NAMES.get(row["name"], row["name"].capitalize()): row["n"] for row in found
        }
    products = dashboard.sql(
        f"select event.product as product, count(*) as n from {source} and event.type = 'checkout' "
        "group by event.product"
    )
    assert {row[0].lower(): row[2] for row in dashboard.rows("products")} == {
        row["product"]: row["n"] for row in products
    }


def test_figures_are_those_of_sql_for_every_usual_period(dashboard: Dashboard) -> None:
    dashboard.open()
    assert_figures_are_those_of_sql(dashboard, "2026-11-15", "2026-11-21")
    for label, start in (("Today", "2026-11-21"), ("30 days", "2026-10-23")):
        dashboard.show(dashboard.page.get_by_role("button", name=label, exact=True).click)
        assert_figures_are_those_of_sql(dashboard, start, "2026-11-21")


def test_funnel_counts_those_who_took_every_step_before(dashboard: Dashboard) -> None:
    dashboard.open("?range=30d")
    kinds = ("search", "view", "add_to_cart", "checkout")
    visits = dashboard.sql(f"select distinct customerid as id, event.type as kind from {TABLE}")
    takers = [{row["id"] for row in visits if row["kind"] == kind} for kind in kinds]
    left = [len(set.intersection(*takers[: position + 1])) for position in range(len(kinds))]
    shown = (
        dashboard.panel("funnel")
        .locator("strong")
        .evaluate_all("cells => cells.map(cell => Number(cell.dataset.value))")
    )
    assert shown == left
    assert left[-1] > 0


def test_genders_are_a_part_of_the_whole_each(dashboard: Dashboard) -> None:
    dashboard.open()
    lines = dashboard.panel("genders").locator("li")
    expect(lines).to_have_count(3)
    values = lines.locator("[data-value]").evaluate_all(
        "cells => cells.map(cell => Number(cell.dataset.value))"
    )
    assert sum(values) == dashboard.tile("Customers")


def test_activity_is_stacked_by_what_customers_do(dashboard: Dashboard) -> None:
    dashboard.open("?from=2026-11-20&to=2026-11-20")
    activity = dashboard.panel("activity")
    activity.get_by_role("button", name="Events over time as a table").click()
    heads: list[str] = activity.locator("thead th").all_inner_texts()
    assert heads == ["Time (UTC)", "Open", "Search", "View", "Add to cart", "Checkout"]
    cells: list[list[Any]] = activity.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].slice(1).map(cell => Number(cell.innerText)))"
    )
    assert len(cells) == 24
    assert [sum(row) for row in cells if sum(row)] == [EVENTS_OF_AN_HOUR] * 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_accessible(run: LocalRunProcess, open_dashboard: OpenDashboard, scheme: str) -> None:
    with open_dashboard(run, API, color_scheme=scheme) as dashboard:
        dashboard.open()
        assert dashboard.violations() == []
