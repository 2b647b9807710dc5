"""What `flush` prints."""

from __future__ import annotations

from local_runtime.cli import flushed_lines


def test_flush_shows_the_deliveries_that_have_something_to_say() -> None:
    quiet = {"name": "quiet", "counters": {}}
    counters = {"stored": 7, "format-conversion-failed": 2, "format-conversion-failed:ParseError": 2}
    busy = {"name": "busy", "counters": counters}
    assert flushed_lines([quiet, busy]) == ["busy: 7 stored, 2 failed, 0 waiting"]
    assert flushed_lines([quiet]) == ["quiet: 0 stored, 0 failed, 0 waiting"]
