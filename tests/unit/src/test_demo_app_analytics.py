"""The demo of app_analytics says no when what is found is not what was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from src.utils.demos import app_analytics

SENT: list[dict[str, Any]] = [
    {"event": {"type": "checkout", "product": "mug"}},
    {"event": {"type": "search", "product": None}},
]


class FakeRun:
    """Answers the demo's two counts."""

    def __init__(self, types: dict[str, int], products: dict[str, int]) -> None:
        self._answers = {"event.type as name": types, "event.product as name": products}

    def sql(self, query: str, *_: str) -> str:
        (counts,) = [counts for field, counts in self._answers.items() if field in query]
        return json.dumps([{"name": name, "n": count} for name, count in counts.items()])


@pytest.mark.parametrize(
    ("types", "products", "agrees"),
    [
        ({"checkout": 1, "search": 1}, {"mug": 1}, True),
        ({"checkout": 1, "search": 2}, {"mug": 1}, False),
        ({"checkout": 1}, {"mug": 1}, False),
        ({"checkout": 1, "search": 1}, {"hoodie": 1}, False),
        ({}, {}, False),
    ],
)
def test_counts_agree_only_when_all_do(types: dict[str, int], products: dict[str, int], agrees: bool) -> None:
    run: Any = FakeRun(types, products)
    assert app_analytics._counts_agree(run, SENT) is agrees
