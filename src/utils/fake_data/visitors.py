"""Visitors of a web shop and their sessions, as `web_log` events (schemas/web_analytics/web_log.avsc)."""

import random
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .pools import Device, deck, device_pool, weighted_pool, zipf_pool
from .sessions import SECONDS_OF_DAY, Clock, Event, interleave

LEAVE = ""
# Where the next click goes: only a viewed product is liked or put into the cart, only a cart is bought.
FUNNEL: dict[str, dict[str, float]] = {
    "visit": {"list": 46, "view": 24, LEAVE: 30},
    "list": {"view": 52, "list": 18, LEAVE: 30},
    "view": {"view": 22, "list": 20, "like": 10, "cart": 12, LEAVE: 36},
    "like": {"view": 38, "list": 14, "cart": 20, LEAVE: 28},
    "cart": {"purchase": 32, "view": 14, "list": 10, LEAVE: 44},
    "purchase": {"list": 20, LEAVE: 80},
}
FIRST_EVENT = "visit"
MAX_EVENTS_OF_SESSION = 60
MAX_DWELL = 900  # seconds
PLANS = 1000

CATEGORIES = ("shoes", "jackets", "bags", "watches", "shirts", "jeans", "hats", "sale", "sports", "kids")
PRODUCTS = 300
LANDINGS = {
    "/": 50.0,
    "/sale": 14.0,
    "/?utm_source=newsletter&utm_medium=email&utm_campaign=weekly": 12.0,
    "/?utm_source=google&utm_medium=cpc&utm_campaign=brand": 12.0,
    "/blog/gift-guide": 7.0,
    "/about": 5.0,
}
REFERRERS: dict[str | None, float] = {
    None: 38.0,
    "https://www.google.com/": 30.0,
    "https://www.bing.com/": 6.0,
    "https://www.facebook.com/": 7.0,
    "https://www.instagram.com/": 6.0,
    "https://t.co/": 4.0,
    "https://www.youtube.com/": 4.0,
    "https://news.ycombinator.com/": 2.0,
    "https://blog.example.org/ten-best-shops": 3.0,
}
DESKTOP_HOST, MOBILE_HOST = "www.example.com", "m.example.com"
# Share of a day's sessions that end in each hour, UTC: quiet at night, two peaks.
HOURS = (22, 15, 10, 8, 8, 10, 18, 30, 42, 50, 54, 56, 60, 57, 52, 50, 52, 58, 66, 76, 82, 74, 56, 36)
PUBLIC_NETWORKS = (5, 24, 31, 46, 62, 73, 81, 91, 95, 101, 109, 121, 145, 151, 176, 185, 190, 201, 212, 217)

RETURNING_SHARE = 0.55
SECOND_DEVICE_SHARE = 0.25
REFERRER_INSIDE_SHARE = 0.1
MAX_VISITORS = 50_000


class Machine(NamedTuple):
    """One device of one visitor, at the address from which it is used."""

    ip: str
    device: Device


class Visitor(NamedTuple):
    user_id: str
    machines: list[Machine]


class Step(NamedTuple):
    """One click of a session: its event, seconds after the first one, and whether it has a referrer."""

    event: str
    elapsed: int
    refers: bool


Plan = list[Step]


class Minutes:
    """`%Y-%m-%dT%H:%M:%SZ` of an epoch second, at the price of a dict lookup."""

    def __init__(self) -> None:
        self._prefixes: dict[int, str] = {}
        self._seconds = tuple(f"{second:02d}Z" for second in range(60))

    def text(self, when: int) -> str:
        minute, second = divmod(when, 60)
        prefix = self._prefixes.get(minute)
        if prefix is None:
            prefix = time.strftime("%Y-%m-%dT%H:%M:", time.gmtime(minute * 60))
            self._prefixes[minute] = prefix
        return prefix + self._seconds[second]


class Population:
    """People who come back: a visitor keeps their id, and each of their machines its address and browser."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._next_device = deck(rng, device_pool())
        self._visitors: list[Visitor] = []

    def next_visitor(self) -> Visitor:
        known = len(self._visitors)
        full = known >= MAX_VISITORS
        if known and (full or self._rng.random() < RETURNING_SHARE):
            # squared: a few visitors come often
            return self._visitors[int(self._rng.random() ** 2 * known)]
        visitor = self._new_visitor()
        self._visitors.append(visitor)
        return visitor

    def _new_visitor(self) -> Visitor:
        machines = [self._new_machine()]
        if self._rng.random() < SECOND_DEVICE_SHARE:
            machines.append(self._new_machine())
        return Visitor(f"{self._rng.getrandbits(48):012x}", machines)

    def _new_machine(self) -> Machine:
        network, *host = self._rng.getrandbits(32).to_bytes(4)
        ip = f"{PUBLIC_NETWORKS[network % len(PUBLIC_NETWORKS)]}.{host[0]}.{host[1]}.{host[2]}"
        return Machine(ip, self._next_device())


def session_plan(rng: random.Random) -> Plan:
    """One walk through the funnel, without its pages."""
    event, elapsed = FIRST_EVENT, 0
    plan = [Step(event, elapsed, refers=True)]
    while len(plan) < MAX_EVENTS_OF_SESSION:
        nexts = FUNNEL[event]
        (event,) = rng.choices(list(nexts), list(nexts.values()))
        if event == LEAVE:
            break
        elapsed += max(1, min(MAX_DWELL, int(rng.lognormvariate(3.1, 1.0))))
        plan.append(Step(event, elapsed, refers=rng.random() < REFERRER_INSIDE_SHARE))
    return plan


class WebLog:
    """Sessions on one shop: a landing page, then the funnel, in time order, in the day before the clock."""

    def __init__(self, rng: random.Random, clock: Clock) -> None:
        self._rng = rng
        self._clock = clock
        self._population = Population(rng)
        self._minutes = Minutes()
        products = [f"/products/{number}" for number in rng.sample(range(1000, 10_000), PRODUCTS)]
        categories = [f"/categories/{category}" for category in CATEGORIES]
        self._next_plan = deck(rng, [session_plan(rng) for _ in range(PLANS)])
        self._next_referrer = deck(rng, weighted_pool(REFERRERS))
        self._next_hour = deck(rng, weighted_pool(dict(enumerate(HOURS))))
        self._next_product = deck(rng, zipf_pool(products))
        self._next_page: dict[str, Callable[[], str]] = {
            "visit": deck(rng, weighted_pool(LANDINGS)),
            "list": deck(rng, zipf_pool(categories, 0.8)),
            "cart": lambda: "/cart",
            "purchase": lambda: "/checkout",
        }

    def open_session(self) -> list[Event]:
        """A session's events, last one first: the caller pops them."""
        visitor = self._population.next_visitor()
        machine = visitor.machines[int(self._rng.random() * len(visitor.machines))]
        plan = self._next_plan()
        return self._events(visitor.user_id, machine, plan, self._ended_at() - plan[-1].elapsed)

    def _ended_at(self) -> int:
        now = int(self._clock())
        when = now - now % SECONDS_OF_DAY + self._next_hour() * 3600 + int(self._rng.random() * 3600)
        return when if when <= now else when - SECONDS_OF_DAY

    def _events(self, user_id: str, machine: Machine, plan: Plan, start: int) -> list[Event]:
        text, next_page, next_product = self._minutes.text, self._next_page, self._next_product
        session_id = f"{self._rng.getrandbits(128):032x}"
        ip, (user_agent, os, mobile) = machine
        hostname = MOBILE_HOST if mobile else DESKTOP_HOST
        product = uri = ""
        referrer = self._next_referrer()
        events: list[Event] = []
        for event, elapsed, refers in plan:
            if events:
                referrer = f"https://{hostname}{uri}" if refers else None
            if event == "view":
                uri = product = next_product()
            elif event == "like":
                uri = product
            else:
                uri = next_page[event]()
            events.append(
                {
                    "user_id": user_id,
                    "session_id": session_id,
                    "event": event,
                    "referrer": referrer,
                    "user_agent": user_agent,
                    "ip": ip,
                    "hostname": hostname,
                    "os": os,
                    "timestamp": text(start + elapsed),
                    "uri": uri,
                }
            )
        events.reverse()
        return events


def web_log_events(rng: random.Random, clock: Clock) -> Iterator[Event]:
    """Endless `web_log` events; the same generator state and clock give the same events."""
    return interleave(rng, WebLog(rng, clock).open_session)
