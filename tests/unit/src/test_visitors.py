"""What `web_log` events look like as visitors and sessions, not as rows."""

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import islice, pairwise

import pytest

from src.utils.fake_data.pools import device_pool, zipf_pool
from src.utils.fake_data.sessions import Event
from src.utils.fake_data.visitors import FUNNEL, web_log_events

NOW = 1_795_253_400.0  # 2026-11-21T09:30:00Z
COUNT = 20_000


def generate(seed: int, count: int = COUNT) -> list[Event]:
    return list(islice(web_log_events(random.Random(seed), lambda: NOW), count))


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return generate(seed=7)


@pytest.fixture(scope="module")
def sessions(events: list[Event]) -> list[list[Event]]:
    by_id: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_id[event["session_id"]].append(event)
    return list(by_id.values())


def test_the_same_seed_and_time_give_the_same_events(events: list[Event]) -> None:
    assert generate(seed=7) == events


def test_another_seed_gives_other_visitors(events: list[Event]) -> None:
    others = {event["user_id"] for event in generate(seed=8, count=2000)}
    assert others.isdisjoint(event["user_id"] for event in events)


def test_generating_leaves_the_global_random_generator_as_it_was() -> None:
    random.seed(1)
    expected = random.random()
    random.seed(1)
    device_pool.cache_clear()
    device_pool()
    assert random.random() == expected


def test_a_session_has_one_visitor_address_browser_and_host(sessions: list[list[Event]]) -> None:
    fixed = ("user_id", "ip", "user_agent", "os", "hostname")
    assert all(len({tuple(event[name] for name in fixed) for event in session}) == 1 for session in sessions)


def test_a_session_starts_with_a_visit_and_follows_the_funnel(sessions: list[list[Event]]) -> None:
    for session in sessions:
        assert session[0]["event"] == "visit"
        assert all(after["event"] in FUNNEL[before["event"]] for before, after in pairwise(session))


def test_times_increase_inside_a_session(sessions: list[list[Event]]) -> None:
    for session in sessions:
        times = [event["timestamp"] for event in session]
        assert times == sorted(set(times))


def test_times_are_utc_seconds_of_the_day_before_now(events: list[Event]) -> None:
    times = [datetime.strptime(event["timestamp"], "%Y-%m-%dT%H:%M:%SZ") for event in events]
    now = datetime.fromtimestamp(NOW, UTC).replace(tzinfo=None)
    ages = [(now - time).total_seconds() / 3600 for time in times]
    assert min(ages) >= 0
    assert max(ages) < 24 + 15  # a session's last event is within 24 h
    assert len({time.hour for time in times}) == 24


def test_the_funnel_narrows_from_visit_to_purchase(sessions: list[list[Event]]) -> None:
    reached = Counter(kind for session in sessions for kind in {event["event"] for event in session})
    assert reached["visit"] > reached["view"] > reached["cart"] > reached["purchase"] > 0
    assert 0.01 < reached["purchase"] / len(sessions) < 0.10


def test_a_like_names_the_product_that_was_viewed_before(sessions: list[list[Event]]) -> None:
    for session in sessions:
        viewed: set[str] = set()
        for event in session:
            if event["event"] == "view":
                viewed.add(event["uri"])
            assert event["event"] != "like" or event["uri"] in viewed


def test_sessions_interleave(events: list[Event]) -> None:
    neighbours = sum(a["session_id"] != b["session_id"] for a, b in pairwise(events))
    assert neighbours / len(events) > 0.9


def test_a_few_events_are_enough_for_more_than_first_pages() -> None:
    assert {event["event"] for event in generate(seed=1, count=20)} != {"visit"}


def test_visitors_come_back(sessions: list[list[Event]]) -> None:
    per_visitor = Counter(session[0]["user_id"] for session in sessions)
    assert len(per_visitor) < len(sessions) * 0.7
    assert per_visitor.most_common(1)[0][1] > 5


def test_few_products_get_most_views(events: list[Event]) -> None:
    views = Counter(event["uri"] for event in events if event["event"] == "view")
    top = sum(count for _, count in views.most_common(30))
    assert top / views.total() > 0.5  # 30 of 300 products


@pytest.mark.parametrize(
    ("os", "token"),
    [
        ("Windows", "Windows NT"),
        ("macOS", "Macintosh"),
        ("iOS", "iPhone"),
        ("Android", "Android"),
        ("Linux", "X11"),
    ],
)
def test_the_user_agent_names_the_operating_system(events: list[Event], os: str, token: str) -> None:
    agents = {event["user_agent"] for event in events if event["os"] == os}
    assert agents
    assert all(token in agent for agent in agents)


def test_a_client_without_a_user_agent_has_no_operating_system(events: list[Event]) -> None:
    silent = [event for event in events if event["user_agent"] is None]
    assert 0 < len(silent) < COUNT * 0.05
    assert all(event["os"] is None for event in silent)


def test_other_sites_refer_to_the_first_page_only(sessions: list[list[Event]]) -> None:
    landing = [session[0]["referrer"] for session in sessions]
    assert any(referrer is None for referrer in landing)
    assert "https://www.google.com/" in landing
    inside = [event for session in sessions for event in session[1:]]
    assert all(
        event["referrer"] is None or event["referrer"].startswith(f"https://{event['hostname']}/")
        for event in inside
    )
    assert sum(event["referrer"] is None for event in inside) > 0.8 * len(inside)


def test_every_value_of_a_power_law_pool_occurs() -> None:
    pool = Counter(zipf_pool(["a", "b", "c", "d"]))
    assert pool == Counter(a=4, b=2, c=1, d=1)
