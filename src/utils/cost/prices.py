"""The prices of AWS, from a dated file; tiers as AWS bills them: each unit at the price of its own tier."""

from __future__ import annotations

import datetime
import math
from functools import cache
from pathlib import Path

import msgspec

PRICE_FILE = Path(__file__).with_name("prices.yaml")


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units up to `up_to` a month cost `usd` each."""

    usd: float
    up_to: float = math.inf


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one unit costs, and who says so."""

    unit: str
    tiers: tuple[Tier, ...]
    source: str
    verified: bool = True

    def of(self, units: float) -> float:
        """USD of that many units in a month."""
        total = billed = 0.0
        for tier in self.tiers:
            upto = min(units, tier.up_to)
            total += (upto - billed) * tier.usd
            billed = upto
            if billed == units:
                break
        return total


class PriceList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All prices, and the day on which they were collected."""

    region: str
    as_of: datetime.date
    prices: dict[str, Price]

    def __getitem__(self, name: str) -> Price:
        return self.prices[name]


@cache
def load_prices(path: Path = PRICE_FILE) -> PriceList:
    return msgspec.yaml.decode(path.read_bytes(), type=PriceList)
