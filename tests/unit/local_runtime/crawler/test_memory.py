"""What crawlers remember, when the disk is full."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from local_runtime.crawler.memory import CrawlMemory, Known
from local_runtime.crawler.sample import Sample
from local_runtime.crawler.schema import from_json


def test_what_a_full_disk_did_not_take_leaves_what_was_known(tmp_path: Path) -> None:
    memory = CrawlMemory(tmp_path / "crawlers.db")
    before = {"s3://events/one": Known("1", Sample(from_json("string"), 1, 10))}
    memory.remember("crawler", before)
    memory._db.execute("pragma max_page_count = 12")
    more = {
        f"s3://events/{number:0100}": Known("1", Sample(from_json("string"), 1, 10)) for number in range(1000)
    }
    with pytest.raises(sqlite3.OperationalError, match="full"):
        memory.remember("crawler", more)
    assert memory.files("crawler") == before

    memory._db.execute("pragma max_page_count = 100000")
    memory.remember("crawler", more)
    assert set(memory.files("crawler")) == set(more)
    memory.close()
