"""What an expression of a template stands for: faker.js' words, in the meaning of its version 4.

An expression is made once for a run, into a function that is called for each record. Names, addresses and the
like come from a pool that is filled once.
https://fakerjs.dev/api/
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import orjson

from ..sessions import Clock
from .moment_format import formatter

if TYPE_CHECKING:
    from mimesis import Generic

POOL_SIZE = 500
LARGEST_LIST = 10_000
"""Numbers of a smaller range are texts in a list, and drawing one is an index."""

Render = Callable[[], str]
Expression = Callable[..., Render]


class UnfitArgumentError(Exception):
    """Its text says what the argument must be."""


class Context:
    """What expressions draw from: one source of chance, one clock, one source of names."""

    def __init__(self, rng: random.Random, clock: Clock) -> None:
        self.rng = rng
        self.clock = clock

    @cached_property
    def fake(self) -> Generic:
        # half a second of import that a template of numbers need not pay
        from mimesis import Generic
        from mimesis.locales import Locale

        return Generic(Locale.EN, seed=self.rng.getrandbits(32))


def pick(context: Context, values: Sequence[str]) -> Render:
    draw, count = context.rng.random, len(values)
    return lambda: values[int(draw() * count)]


def from_pool(make: Callable[[Generic], object]) -> Expression:
    """An expression without arguments whose values come from mimesis."""

    def expression(context: Context) -> Render:
        return pick(context, [str(make(context.fake)) for _ in range(POOL_SIZE)])

    return expression


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def number(context: Context, options: Any = None, *, precision: float = 1) -> Render:
    """`random.number(500)`, `random.number({"min": 50, "max": 300, "precision": 10})`: both ends may come."""
    given = options if isinstance(options, dict) else {} if options is None else {"max": options}
    settings = {"min": 0, "max": 99_999, "precision": precision} | given
    low, high, step = settings["min"], settings["max"], settings["precision"]
    numbers = all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in (low, high, step))
    if len(settings) > 3 or not numbers or step <= 0 or low > high:
        raise UnfitArgumentError('a number or {"min": 1, "max": 9, "precision": 1} with min up to max')
    count = int((high - low) / step + 1e-9) + 1
    decimals = 0 if isinstance(low, int) and isinstance(step, int) else 10

    def text(index: int) -> str:
        return (
            f"{low + index * step:.{decimals}f}".rstrip("0").rstrip(".")
            if decimals
            else str(low + index * step)
        )

    if count <= LARGEST_LIST:
        return pick(context, [text(index) for index in range(count)])
    draw = context.rng.random
    return lambda: text(int(draw() * count))


def floating(context: Context, options: Any = None) -> Render:
    """`random.float({"min": 0, "max": 1})`: to two decimals unless `precision` says otherwise."""
    return number(context, options, precision=0.01)


def array_element(context: Context, values: Any = ("a", "b", "c")) -> Render:
    if not isinstance(values, (list, tuple)) or not values:
        raise UnfitArgumentError('a list, like ["red", "green"]')
    return pick(context, [as_text(value) for value in values])


def weighted_array_element(context: Context, options: Any = None) -> Render:
    """`random.weightedArrayElement({"weights": [0.3, 0.7], "data": ["cat", "dog"]})`."""
    given: Mapping[str, Any] = options if isinstance(options, dict) else {}
    weights, data = given.get("weights"), given.get("data")
    if not (isinstance(weights, list) and isinstance(data, list) and _fit(weights, data)):
        raise UnfitArgumentError(
            'an object with as many weights as data, like {"weights": [0.3, 0.7], "data": ["cat", "dog"]}'
        )
    values, ends, draw = [as_text(value) for value in data], list(accumulate(weights)), context.rng.random
    total, last = ends[-1], len(values) - 1
    return lambda: values[bisect(ends, draw() * total, 0, last)]


def _fit(weights: Sequence[Any], data: Sequence[Any]) -> bool:
    numbers = all(isinstance(weight, (int, float)) and weight >= 0 for weight in weights)
    return numbers and len(weights) == len(data) and sum(weights) > 0


def letters(alphabet: str) -> Expression:
    def expression(context: Context, count: Any = 1) -> Render:
        if not isinstance(count, int) or not 1 <= count <= 1000:
            raise UnfitArgumentError("a count of 1-1000")
        choices = context.rng.choices
        return lambda: "".join(choices(alphabet, k=count))

    return expression


def boolean(context: Context) -> Render:
    return pick(context, ["true", "false"])


def uuid(context: Context) -> Render:
    bits = context.rng.getrandbits

    def render() -> str:
        digits = f"{bits(128):032x}"
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    return render


def ip(context: Context) -> Render:
    bits = context.rng.getrandbits

    def render() -> str:
        value = bits(32)
        return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"

    return render


def now(context: Context, pattern: Any = "") -> Render:
    """`date.now("YYYY-MM-DD")`: the time where the generator runs, in the words of moment.js."""
    return _date(context, pattern, utc=False)


def utc(context: Context, pattern: Any = "") -> Render:
    """`date.utc("YYYY-MM-DD")`: the same in UTC."""
    return _date(context, pattern, utc=True)


def _date(context: Context, pattern: Any, *, utc: bool) -> Render:
    if not isinstance(pattern, str):
        raise UnfitArgumentError('a format of moment.js, like "YYYY-MM-DDTHH:mm:ssZ"')
    return formatter(context.clock, pattern, utc=utc)


def price(context: Context, low: Any = 0, high: Any = 1000) -> Render:
    """`commerce.price(10, 50)`: with two decimals."""
    if not all(isinstance(end, (int, float)) for end in (low, high)) or low > high:
        raise UnfitArgumentError("a lowest and a highest price")
    uniform = context.rng.uniform
    return lambda: f"{uniform(low, high):.2f}"


_ALPHA = "abcdefghijklmnopqrstuvwxyz"

EXPRESSIONS: Mapping[str, Expression] = {
    "address.city": from_pool(lambda fake: fake.address.city()),
    "address.country": from_pool(lambda fake: fake.address.country()),
    "address.countryCode": from_pool(lambda fake: fake.address.country_code()),
    "address.latitude": from_pool(lambda fake: f"{fake.random.uniform(-90, 90):.4f}"),
    "address.longitude": from_pool(lambda fake: f"{fake.random.uniform(-180, 180):.4f}"),
    "address.state": from_pool(lambda fake: fake.address.state()),
    "address.stateAbbr": from_pool(lambda fake: fake.address.state(abbr=True)),
    "address.streetAddress": from_pool(lambda fake: fake.address.address()),
    "address.streetName": from_pool(lambda fake: fake.address.street_name()),
    "address.zipCode": from_pool(lambda fake: fake.address.zip_code()),
    "commerce.color": from_pool(lambda fake: fake.text.color().lower()),
    "commerce.price": price,
    "company.companyName": from_pool(lambda fake: fake.finance.company()),
    "date.now": now,
    "date.utc": utc,
    "finance.currencyCode": from_pool(lambda fake: fake.finance.currency_iso_code(allow_random=True)),
    "internet.domainName": from_pool(lambda fake: fake.internet.hostname()),
    "internet.email": from_pool(lambda fake: fake.person.email()),
    "internet.ip": ip,
    "internet.ipv6": from_pool(lambda fake: fake.internet.ip_v6()),
    "internet.mac": from_pool(lambda fake: fake.internet.mac_address()),
    "internet.url": from_pool(lambda fake: fake.internet.url()),
    "internet.userAgent": from_pool(lambda fake: fake.internet.user_agent()),
    "internet.userName": from_pool(lambda fake: fake.person.username()),
    "lorem.sentence": from_pool(lambda fake: fake.text.sentence().replace('"', "")),
    "lorem.word": from_pool(lambda fake: fake.text.word()),
    "name.findName": from_pool(lambda fake: fake.person.full_name()),
    "name.firstName": from_pool(lambda fake: fake.person.first_name()),
    "name.jobTitle": from_pool(lambda fake: fake.person.occupation()),
    "name.lastName": from_pool(lambda fake: fake.person.last_name()),
    "phone.phoneNumber": from_pool(lambda fake: fake.person.phone_number()),
    "random.alpha": letters(_ALPHA),
    "random.alphaNumeric": letters("0123456789" + _ALPHA),
    "random.arrayElement": array_element,
    "random.boolean": boolean,
    "random.float": floating,
    "random.hexaDecimal": letters("0123456789abcdef"),
    "random.number": number,
    "random.uuid": uuid,
    "random.weightedArrayElement": weighted_array_element,
    "random.word": from_pool(lambda fake: fake.text.word()),
}
