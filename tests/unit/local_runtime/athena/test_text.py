"""Values as Athena writes them into its result files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from local_runtime.athena.text import to_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"_0": 1, "_1": "a"}, "{field0=1, field1=a}"),
        ([(1, "a"), (2, None)], "[{field0=1, field1=a}, {field0=2, field1=null}]"),
        ({"x": 1, "_1": "a"}, "{x=1, _1=a}"),
        ({}, "{}"),
        (timedelta(days=1), "1 00:00:00.000"),
        (timedelta(hours=36, milliseconds=7), "1 12:00:00.007"),
        (-timedelta(days=1, seconds=2), "-1 00:00:02.000"),
        (-timedelta(seconds=2), "-0 00:00:02.000"),
    ],
)
def test_rows_and_intervals_are_written_as_athena_writes_them(value: Any, text: str) -> None:
    assert to_text(value) == text
