"""What was accepted since a position, for `tail`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local_runtime.kinesis.store import StreamStore

LIMIT = 500

StreamPositions = Mapping[str, Mapping[str, str]]
"""Stream -> shard id -> the last sequence number seen."""


def read_tail(streams: StreamStore, after: StreamPositions | None) -> dict[str, Any]:
    """The records after `after` in the order of arrival, and where to go on; None: start with the next."""
    names = [stream.name for stream in streams.streams()]
    if after is None:
        return {"records": [], "after": {name: streams.latest(name) for name in names}}
    records = []
    reached: dict[str, dict[str, str]] = {}
    for name in names:
        reached[name] = dict(after.get(name, {}))
        for shard in streams.shards(name):
            found = streams.read(name, shard.shard_id, reached[name].get(shard.shard_id), LIMIT)
            records += [(item.arrival, name, item) for item in found]
            if found:
                reached[name][shard.shard_id] = found[-1].sequence_number
    records.sort(key=lambda entry: (entry[0], entry[2].sequence_number))
    return {
        "records": [
            {
                "stream": name,
                "arrival": datetime.fromtimestamp(arrival, UTC).isoformat(timespec="milliseconds"),
                "partition_key": item.partition_key,
                "data": item.data.decode(errors="replace").rstrip("\n"),
            }
            for arrival, name, item in records
        ],
        "after": reached,
    }
