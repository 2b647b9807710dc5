"""Pages of keys, with and without common prefixes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_runtime.services.s3.listing import find_page

KEYS = sorted(["a", "b/1", "b/2", "b/c/3", "d/4", "ä/5", "z"], key=str.encode)


def pages(keys: list[str], prefix: str, delimiter: str, limit: int) -> list[str]:
    found: list[str] = []
    after = ""
    while True:
        page = find_page(keys, prefix, delimiter, after, limit)
        assert len(page.keys) + len(page.common_prefixes) <= limit
        found += [*page.keys, *page.common_prefixes]
        if page.next_start is None:
            return found
        after = page.next_start


def test_delimiter_folds_keys_into_prefixes() -> None:
    page = find_page(KEYS, "", "/", "", 1000)
    assert (page.keys, page.common_prefixes) == (["a", "z"], ["b/", "d/", "ä/"])

    page = find_page([key for key in KEYS if key.startswith("b/")], "b/", "/", "", 1000)
    assert (page.keys, page.common_prefixes, page.next_start) == (["b/1", "b/2"], ["b/c/"], None)


def test_a_start_inside_a_prefix_does_not_show_the_prefix_again() -> None:
    page = find_page(KEYS, "", "/", "b/", 1000)
    assert (page.keys, page.common_prefixes) == (["z"], ["d/", "ä/"])


def test_no_entries_are_asked_for() -> None:
    assert find_page(KEYS, "", "", "", 0).keys == []


@pytest.mark.parametrize("delimiter", ["", "/"])
@given(keys=st.sets(st.text("ab/é", min_size=1, max_size=4)), limit=st.integers(1, 4))
def test_pages_hold_everything_once(delimiter: str, keys: set[str], limit: int) -> None:
    ordered = sorted(keys, key=str.encode)
    whole = find_page(ordered, "", delimiter, "", 1000)
    assert sorted(pages(ordered, "", delimiter, limit)) == sorted([*whole.keys, *whole.common_prefixes])
