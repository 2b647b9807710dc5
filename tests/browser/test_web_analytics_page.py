"""The page of web_analytics as a viewer sees it: its figures are SQL's, its days those that are asked for."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WAIT_MS, Dashboard, OpenDashboard, as_lines
from tests.conftest import LocalRunProcess, StartRun, synthesize

API = "web-analytics-dashboard"
STREAM = "PUT-Firehose-aEhWz"
TABLE = "web_log_iceberg_db.web_log_iceberg"
FAILED = "web_log_iceberg_db.web_log_failed_records"
BUCKET = "web-analytics-us-east-1-123456789012"
PERIODS = {
    "today": ("2026-11-21", "2026-11-21"),
    "7d": ("2026-11-15", "2026-11-21"),
    "30d": ("2026-10-23", "2026-11-21"),
}
MAX_PAGE_BYTES = 450_000
BROKEN = {"message": "The query failed: GENERIC_INTERNAL_ERROR", "code": "NO_ANSWER"}


def event(number: int, day: str, kind: str) -> dict[str, Any]:
    return {
        "user_id": f"user-{number % 7}",
        "session_id": f"session-{day}-{number % 11}",
        "event": kind,
        "referrer": (None, "https://www.google.com/search", "https://news.example.org/a")[number % 3],
        "user_agent": "Mozilla/5.0",
        "ip": "192.0.2.7",
        "hostname": "shop.example.com",
        "os": "Linux",
        "timestamp": f"{day}T{number % 15:02d}:{number % 60:02d}:00Z",
        "uri": (f"/products/{number % 4}?color=red", "/", "/cart")[number % 3],
    }


def events() -> list[dict[str, Any]]:
    kinds = ("visit", "view", "view", "list", "cart", "purchase")
    days = {"2026-11-21": 40, "2026-11-18": 60, "2026-11-02": 25, "2026-09-01": 10}
    return [event(n, day, kinds[n % len(kinds)]) for day, count in days.items() for n in range(count)]


def put(run: LocalRunProcess, items: list[dict[str, Any]]) -> None:
    records = [{"data": json.dumps(item) + "\n", "partition-key": item["user_id"]} for item in items]
    request = urllib.request.Request(
        f"{run.api_url}/streams/{STREAM}/records",
        data=json.dumps({"records": records}).encode(),
        headers={"Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        assert json.load(response)["FailedRecordCount"] == 0
    run.flush()


def put_failed_records(run: LocalRunProcess) -> None:
    """Envelopes as Firehose leaves them, in the folders of two days."""
    credentials = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    s3 = boto3.client("s3", endpoint_url=run.url, **credentials)
    for day, seconds, count in ((21, 1_795_255_200, 3), (2, 1_793_613_600, 2)):
        envelope = {
            "attemptsMade": 1,
            "arrivalTimestamp": seconds * 1000,
            "errorCode": "Lambda.ProcessingFailedStatus",
            "errorMessage": "ProcessingFailed status set for record",
            "rawData": "e30=",
        }
        key = f"error/year=2026/month=11/day={day:02d}/hour=10/processing-failed/x-1"
        s3.put_object(Bucket=BUCKET, Key=key, Body=as_lines([envelope] * count))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, start_run: StartRun) -> Iterator[LocalRunProcess]:
    assembly = tmp_path_factory.mktemp("assembly")
    synthesize(assembly, "web_analytics", web_analytics_dashboard={"cache_seconds": 1})
    with start_run(tmp_path_factory.mktemp("state"), "--interval", "1", assembly=assembly) as run:
        put(run, events())
        put_failed_records(run)
        yield run


@pytest.fixture
def dashboard(run: LocalRunProcess, open_dashboard: OpenDashboard) -> Iterator[Dashboard]:
    with open_dashboard(run, API) as dashboard:
        yield dashboard


def within(start: str, end: str) -> str:
    return f"cast(\"timestamp\" as date) between date '{start}' and date '{end}'"


def assert_figures_are_those_of_sql(dashboard: Dashboard, start: str, end: str) -> None:
    days = within(start, end)
    (totals,) = dashboard.sql(
        "select count(distinct user_id) as visitors, count(distinct session_id) as sessions, "
        "sum(case when event in ('visit', 'view', 'list') then 1 else 0 end) as views, "
        f"sum(case when event = 'purchase' then 1 else 0 end) as purchases from {TABLE} where {days}"
    )
    assert totals["visitors"] > 0
    for label, name in (
        ("Visitors", "visitors"),
        ("Sessions", "sessions"),
        ("Page views", "views"),
        ("Purchases", "purchases"),
    ):
        assert dashboard.tile(label) == totals[name]
    (failed,) = dashboard.sql(
        f"select count(*) as n from {FAILED} "
        f"where date(from_unixtime(arrivaltimestamp / 1000)) between date '{start}' and date '{end}'"
    )
    assert dashboard.tile("Rejected records") == failed["n"]
    mix = dashboard.sql(
        f"select event, count(*) as n, count(distinct user_id) as users from {TABLE} where {days} "
        "group by event order by n desc, event"
    )
    assert dashboard.rows("event_mix") == [[row["event"].capitalize(), row["n"], row["users"]] for row in mix]
    pages = dashboard.sql(
        "select regexp_replace(uri, '[?].*', '') as page, count(*) as n, count(distinct user_id) as users "
        f"from {TABLE} where {days} and event in ('visit', 'view', 'list') group by 1 order by n desc, page"
    )
    assert dashboard.rows("top_pages") == [[row["page"], row["n"], row["users"]] for row in pages[:10]]


def test_opening_the_page_signs_in_and_shows_the_figures_of_seven_days(dashboard: Dashboard) -> None:
    dashboard.open()
    assert dashboard.page.url == dashboard.address
    assert dashboard.page.title() == "Web analytics"
    assert any("/oauth2/authorize?" in request.url for request in dashboard.requests)
    assert_figures_are_those_of_sql(dashboard, *PERIODS["7d"])
    sources = {row[0]: row[1] for row in dashboard.rows("referrers")}
    assert set(sources) == {"direct", "www.google.com", "news.example.org"}
    assert sum(sources.values()) == dashboard.tile("Sessions")


def test_figures_are_refused_to_who_is_not_signed_in(run: LocalRunProcess) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(
            f"{run.url}/{API}/v1/queries/totals?start=2026-11-21&end=2026-11-21", timeout=30
        )
    with refused.value as response:
        assert response.status == 401


def test_usual_periods_are_a_click_away_and_in_the_address(dashboard: Dashboard) -> None:
    dashboard.open()
    for name, label in (("today", "Today"), ("30d", "30 days"), ("7d", "7 days")):
        button = dashboard.page.get_by_role("button", name=label, exact=True)
        dashboard.show(button.click)
        expect(button).to_have_attribute("aria-pressed", "true")
        assert dashboard.page.url == f"{dashboard.address}?range={name}"
        assert_figures_are_those_of_sql(dashboard, *PERIODS[name])
    dashboard.show(dashboard.page.go_back)
    assert_figures_are_those_of_sql(dashboard, *PERIODS["30d"])


def test_days_of_ones_own_are_shown_and_can_be_shared(dashboard: Dashboard) -> None:
    dashboard.open()
    dashboard.page.get_by_label("From").fill("2026-11-01")
    dashboard.page.get_by_label("to", exact=True).fill("2026-11-10")
    dashboard.show(dashboard.page.get_by_role("button", name="Show").click)
    assert dashboard.page.url == f"{dashboard.address}?from=2026-11-01&to=2026-11-10"
    assert_figures_are_those_of_sql(dashboard, "2026-11-01", "2026-11-10")
    dashboard.page.evaluate("sessionStorage.clear()")  # as a colleague without a session opens the link
    dashboard.open("?from=2026-11-01&to=2026-11-10")
    assert dashboard.page.url == f"{dashboard.address}?from=2026-11-01&to=2026-11-10"
    assert_figures_are_those_of_sql(dashboard, "2026-11-01", "2026-11-10")


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        ("2026-11-10", "2026-11-01", "The last day must not be before the first one."),
        ("2025-01-01", "2026-11-01", "A period has 366 days at most; this one has 670."),
        ("", "2026-11-01", "Both days are needed."),
    ],
)
def test_days_that_are_no_period_are_told_and_not_asked_for(
    dashboard: Dashboard, start: str, end: str, problem: str
) -> None:
    dashboard.open()
    asked = len(dashboard.requests)
    dashboard.page.get_by_label("From").fill(start)
    dashboard.page.get_by_label("to", exact=True).fill(end)
    dashboard.page.get_by_role("button", name="Show").click()
    expect(dashboard.page.locator("#period-problem")).to_have_text(problem)
    assert len(dashboard.requests) == asked


def test_address_with_a_wrong_period_says_so_and_shows_the_usual_one(dashboard: Dashboard) -> None:
    dashboard.open("?from=2026-02-30&to=2026-03-01")
    expect(dashboard.page.locator("#period-problem")).to_have_text("Both days are needed.")
    assert_figures_are_those_of_sql(dashboard, *PERIODS["7d"])


def test_chart_has_its_figures_as_a_table_too(dashboard: Dashboard) -> None:
    dashboard.open("?range=30d")
    traffic = dashboard.panel("traffic")
    chart = traffic.locator(".chart")
    expect(chart.locator("svg path").first).to_be_attached()
    assert "Events: 125 in all, most (60) at 18 Nov 2026" in str(chart.get_attribute("aria-label"))
    traffic.get_by_role("button", name="Traffic over time as a table").click()
    days = dashboard.sql(
        f'select cast(date("timestamp") as varchar) as day, count(*) as n from {TABLE} '
        f"where {within(*PERIODS['30d'])} group by 1 order by 1"
    )
    cells = traffic.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [row.cells[0].innerText, row.cells[1].innerText])"
    )
    assert len(cells) == 30
    assert [int(count) for _, count in cells if count != "0"] == [row["n"] for row in days]
    assert [row["day"][-2:].lstrip("0") for row in days] == [day.split()[0] for day, n in cells if n != "0"]


def test_keyboard_alone_is_enough(dashboard: Dashboard) -> None:
    dashboard.open()
    keyboard, page = dashboard.page.keyboard, dashboard.page
    keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the figures")).to_be_focused()
    keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    keyboard.press("Tab")
    table = page.get_by_role("button", name="Traffic over time as a table")
    expect(table).to_be_focused()
    keyboard.press("Space")
    expect(table).to_have_attribute("aria-pressed", "true")
    expect(dashboard.panel("traffic").locator("tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Today").focus()
    keyboard.press("Tab")
    keyboard.press("Tab")
    dashboard.show(lambda: keyboard.press("Enter"))
    assert_figures_are_those_of_sql(dashboard, *PERIODS["30d"])


def test_dark_is_as_the_system_has_it_until_somebody_chooses(
    run: LocalRunProcess, open_dashboard: OpenDashboard
) -> None:
    with open_dashboard(run, API, color_scheme="dark") as dashboard:
        dashboard.open()
        root = dashboard.page.locator("html")
        expect(root).to_have_attribute("data-theme", "dark")
        assert dashboard.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 19, 32)"
        theme = dashboard.page.locator("#theme")
        theme.click()
        expect(root).to_have_attribute("data-theme", "light")
        dashboard.open()
        expect(root).to_have_attribute("data-theme", "light")
        assert theme.get_attribute("aria-label") == "Colours: light"


def test_period_without_events_says_so(dashboard: Dashboard) -> None:
    dashboard.open("?from=2026-10-01&to=2026-10-05")
    assert dashboard.tile("Visitors") == 0
    for query in ("traffic", "top_pages", "referrers", "event_mix", "sessions"):
        expect(dashboard.panel(query).get_by_text("No events in this period.")).to_be_visible()
    expect(dashboard.panel("rejected_records").get_by_text("reached the table.")).to_be_visible()
    assert dashboard.violations() == []


def test_failed_query_is_told_in_its_place_and_can_be_tried_again(
    run: LocalRunProcess, open_dashboard: OpenDashboard
) -> None:
    with open_dashboard(run, API, expected="502 (Bad Gateway)") as dashboard:
        dashboard.page.route("**/queries/top_pages?*", lambda route: route.fulfill(status=502, json=BROKEN))
        dashboard.open(state="error")
        pages = dashboard.panel("top_pages")
        expect(pages.get_by_text(BROKEN["message"])).to_be_visible()
        expect(dashboard.page.locator("#notice")).to_contain_text("Not all figures could be had.")
        assert dashboard.rows("event_mix")
        assert dashboard.violations() == []
        dashboard.page.unroute("**/queries/top_pages?*")
        pages.get_by_role("button", name="Try again").click()
        dashboard.wait()
        expect(dashboard.page.locator("#notice")).to_be_hidden()
        assert_figures_are_those_of_sql(dashboard, *PERIODS["7d"])


def test_figures_stay_when_newer_ones_cannot_be_had(
    run: LocalRunProcess, open_dashboard: OpenDashboard
) -> None:
    with open_dashboard(run, API, expected="502 (Bad Gateway)") as dashboard:
        dashboard.open()
        dashboard.page.route("**/queries/**", lambda route: route.fulfill(status=502, json=BROKEN))
        dashboard.page.get_by_role("button", name="Refresh", exact=True).click()
        dashboard.wait("error")
        expect(dashboard.page.locator("#notice")).to_contain_text(BROKEN["message"])
        assert_figures_are_those_of_sql(dashboard, *PERIODS["7d"])


def test_expired_token_is_renewed_without_leaving_the_page(dashboard: Dashboard) -> None:
    dashboard.open()
    dashboard.page.evaluate(
        """() => sessionStorage.setItem("tokens",
        JSON.stringify({...JSON.parse(sessionStorage.getItem("tokens")), expires: 0}))"""
    )
    asked = len(dashboard.requests)
    dashboard.show(dashboard.page.get_by_role("button", name="Refresh", exact=True).click)
    later = [request.url for request in dashboard.requests[asked:]]
    assert any(url.endswith("/oauth2/token") for url in later)
    assert not any("/oauth2/authorize" in url for url in later)


def test_answer_to_a_sign_in_that_nobody_began_is_not_taken(dashboard: Dashboard) -> None:
    dashboard.open("?code=stolen&state=guessed")
    tokens = [request.post_data or "" for request in dashboard.requests if "/oauth2/token" in request.url]
    assert len(tokens) == 1
    assert "stolen" not in tokens[0]


def test_signing_out_forgets_the_tokens(dashboard: Dashboard) -> None:
    dashboard.open()
    with dashboard.page.expect_request("**/logout?*"):
        dashboard.page.get_by_role("button", name="Sign out").click()
    dashboard.page.wait_for_url(f"{dashboard.address}*")
    dashboard.wait()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_page_is_accessible_in_every_form(
    run: LocalRunProcess, open_dashboard: OpenDashboard, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 800}
    with open_dashboard(run, API, color_scheme=scheme, viewport=size) as dashboard:
        dashboard.open()
        assert dashboard.violations() == []
        for button in dashboard.page.get_by_role("button", name="as a table").all():
            button.click()
        assert dashboard.violations() == []
        assert dashboard.page.evaluate("document.documentElement.scrollWidth") <= width


def test_page_weighs_less_than_promised(dashboard: Dashboard) -> None:
    sizes: list[float] = []
    session = dashboard.page.context.new_cdp_session(dashboard.page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    dashboard.open()
    assert 150_000 < sum(sizes) < MAX_PAGE_BYTES


def test_new_events_appear_while_the_page_is_looked_at(dashboard: Dashboard) -> None:
    def hasten(route: Any) -> None:
        response = route.fetch()
        route.fulfill(response=response, json={**response.json(), "refreshSeconds": 1})

    dashboard.page.route("**/config.json", hasten)
    dashboard.open("?from=2026-09-01&to=2026-09-02")
    before = dashboard.tile("Page views")
    put(dashboard.run, [event(number, "2026-09-02", "view") for number in range(5)])
    tile = dashboard.page.locator(".tile", has_text="Page views").locator("dd").first
    expect(tile).to_have_attribute("data-value", str(int(before) + 5), timeout=WAIT_MS)
    dashboard.page.get_by_role("button", name="Auto-refresh").click()
    dashboard.wait()
    assert_figures_are_those_of_sql(dashboard, "2026-09-01", "2026-09-02")
