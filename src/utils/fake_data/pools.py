"""Values prepared once, so that an event costs an index and no decision."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import cycle
from typing import Literal, NamedTuple, TypeVar

T = TypeVar("T")
Platform = Literal["windows", "macos", "ios", "linux", "android"]

POOL_SIZE = 1000
USER_AGENTS = 256

OS_SHARES: dict[Platform, float] = {
    "windows": 31.0,
    "android": 29.0,
    "ios": 22.0,
    "macos": 14.0,
    "linux": 4.0,
}
OS_NAMES: dict[Platform, str] = {
    "windows": "Windows",
    "android": "Android",
    "ios": "iOS",
    "macos": "macOS",
    "linux": "Linux",
}
MOBILE: set[Platform] = {"android", "ios"}


class Device(NamedTuple):
    """What a browser says of itself; both are null for a client that sends no User-Agent header."""

    user_agent: str | None
    os: str | None
    mobile: bool


SILENT_DEVICE = Device(user_agent=None, os=None, mobile=False)
SILENT_DEVICES = 3  # about 1 %


def weighted_pool(weights: Mapping[T, float], size: int = POOL_SIZE) -> Sequence[T]:
    """A list in which each value is as frequent as its weight, so that a uniform index is a weighted pick."""
    total = sum(weights.values())
    pool = [value for value, weight in weights.items() for _ in range(round(size * weight / total))]
    if not pool:
        raise ValueError(f"a pool of {size} is too small for {len(weights)} weighted values")
    return pool


def zipf_pool(values: Sequence[T], exponent: float = 1.0) -> Sequence[T]:
    """A pool in which the value at rank r is 1/r^exponent as frequent as the first; each occurs."""
    weights = {value: 1.0 / (rank**exponent) for rank, value in enumerate(values, start=1)}
    size = round(sum(weights.values()) / min(weights.values()))
    return weighted_pool(weights, size)


def deck(rng: random.Random, values: Sequence[T]) -> Callable[[], T]:
    """Deals the values in a shuffled order, over and over: a pick that is cheaper than a random index."""
    shuffled = list(values)
    rng.shuffle(shuffled)
    return cycle(shuffled).__next__


@contextmanager
def _global_random(seed: int) -> Iterator[None]:
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@cache
def device_pool() -> Sequence[Device]:
    """Real user agents, with the operating system that each of them names; the same ones in every run."""
    # ua_generator draws from the module-level generator, at import already, and keeps what it drew in shared
    # objects: only one pool a process, imported and made under one seed, is the same every time
    with _global_random(seed=0):
        import ua_generator
        from ua_generator.options import Options

        options = Options(weighted_versions=True, tied_safari_version=True)
        people = [
            Device(
                user_agent=ua_generator.generate(platform=platform, options=options).text,
                os=OS_NAMES[platform],
                mobile=platform in MOBILE,
            )
            for platform in weighted_pool(OS_SHARES, USER_AGENTS)
        ]
    return [*people, *[SILENT_DEVICE] * SILENT_DEVICES]
