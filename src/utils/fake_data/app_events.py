"""Customers of an app and their sessions, as `app_event` events: one nested `event` object in each."""

import random
from collections.abc import Iterator

from .pools import weighted_pool, zipf_pool
from .sessions import Event, interleave

LEAVE = ""
FUNNEL: dict[str, dict[str, float]] = {
    "open": {"search": 55, "view": 25, LEAVE: 20},
    "search": {"view": 60, "search": 15, LEAVE: 25},
    "view": {"view": 25, "search": 20, "add_to_cart": 18, LEAVE: 37},
    "add_to_cart": {"checkout": 38, "view": 22, LEAVE: 40},
    "checkout": {LEAVE: 100},
}
FIRST_EVENT = "open"
MAX_EVENTS_OF_SESSION = 60
CUSTOMERS = 2_000

COUNTRIES = {
    "US": 34.0,
    "DE": 11.0,
    "GB": 10.0,
    "KR": 9.0,
    "JP": 9.0,
    "IN": 9.0,
    "BR": 7.0,
    "FR": 6.0,
    "AU": 5.0,
}
GENDERS = {"female": 48.0, "male": 47.0, "other": 5.0}
ORIGINS = {"organic": 40.0, "search": 25.0, "social": 18.0, "email": 10.0, "ads": 7.0}
PRICES = {
    "mug": 9.5,
    "poster": 14.0,
    "tote bag": 19.0,
    "t-shirt": 24.9,
    "cap": 17.5,
    "hoodie": 54.0,
    "sneakers": 89.0,
}


class AppLog:
    """Sessions in an app; a step has a product once one was viewed, an amount from the cart on."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._next = {event: weighted_pool(nexts, 200) for event, nexts in FUNNEL.items()}
        self._products = zipf_pool(list(PRICES), 0.7)
        self._origins = weighted_pool(ORIGINS)
        self._customers = self._new_customers()

    def _new_customers(self) -> list[Event]:
        countries, genders = weighted_pool(COUNTRIES), weighted_pool(GENDERS)
        return [
            {
                "customerId": f"C{number:06d}",
                "ipAddress": f"198.51.{self._rng.randrange(100, 104)}.{self._rng.randrange(256)}",
                "countryCode": self._rng.choice(countries),
                "gender": self._rng.choice(genders),
            }
            for number in range(CUSTOMERS)
        ]

    def open_session(self) -> list[Event]:
        draw = self._rng.random
        customer = self._customers[int(draw() ** 2 * CUSTOMERS)]
        origin = self._origins[int(draw() * len(self._origins))]
        return [customer | {"trafficOrigin": origin, "event": step} for step in reversed(self._walk())]

    def _walk(self) -> list[Event]:
        draw = self._rng.random
        kind, product = FIRST_EVENT, None
        steps: list[Event] = []
        while kind != LEAVE and len(steps) < MAX_EVENTS_OF_SESSION:
            if kind == "view":
                product = self._products[int(draw() * len(self._products))]
            paid = product is not None and kind in ("add_to_cart", "checkout")
            steps.append(
                {"type": kind, "product": product, "amount": PRICES[product] if product and paid else 0.0}
            )
            nexts = self._next[kind]
            kind = nexts[int(draw() * len(nexts))]
        return steps


def app_events(rng: random.Random) -> Iterator[Event]:
    """Endless `app_event` events; the same generator state gives the same events."""
    return interleave(rng, AppLog(rng).open_session)
