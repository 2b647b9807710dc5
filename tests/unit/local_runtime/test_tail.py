"""`tail`: every record that is accepted after the first look, from streams and from Direct PUT."""

from __future__ import annotations

from pathlib import Path

from local_runtime.firehose.direct_put import DirectPut, DirectPutStore
from local_runtime.kinesis.store import StreamStore
from local_runtime.tail import read_tail


def test_records_put_to_a_delivery_stream_are_shown_once(tmp_path: Path) -> None:
    streams, store = StreamStore(tmp_path / "kinesis.db"), DirectPutStore(tmp_path / "direct-put.db")
    clicks = DirectPut(store, "clicks")
    clicks.put([b"before"])
    start = read_tail(streams, {"clicks": clicks}, None)
    clicks.put([b"one\n", b"two"])

    first = read_tail(streams, {"clicks": clicks}, start["after"])
    again = read_tail(streams, {"clicks": clicks}, first["after"])

    assert start["records"] == again["records"] == []
    assert [(item["stream"], item["data"]) for item in first["records"]] == [
        ("clicks", "one"),
        ("clicks", "two"),
    ]
    store.close()
    streams.close()
