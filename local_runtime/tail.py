"""What was accepted since a position, for `tail`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from local_runtime.firehose.direct_put import DirectPut
from local_runtime.kinesis.store import StreamStore

LIMIT = 500
LIMIT_BYTES = 10 * 1024 * 1024
DIRECT_PUT = "firehose/"
"""Before a delivery stream's name: a stream may have the same."""

SourcePositions = Mapping[str, Mapping[str, str]]
"""Source -> shard id -> the last sequence number seen."""


class Record(Protocol):
    @property
    def sequence_number(self) -> str: ...
    @property
    def partition_key(self) -> str: ...
    @property
    def data(self) -> bytes: ...
    @property
    def arrival(self) -> float: ...


def read_tail(
    streams: StreamStore, direct_puts: Mapping[str, DirectPut], after: SourcePositions | None
) -> dict[str, Any]:
    """The records after `after` in the order of arrival, and where to go on; None: start with the next.

    Raises:
        ValueError: a position holds something that is no sequence number.
    """
    if after is None:
        return {"records": [], "after": _newest(streams, direct_puts)}
    reached = {name: dict(shards) for name, shards in after.items()}
    records: list[tuple[str, Record]] = []
    for name, shard_id, found in _new(streams, direct_puts, after):
        records += [(name.removeprefix(DIRECT_PUT), item) for item in found]
        if found:
            reached.setdefault(name, {})[shard_id] = found[-1].sequence_number
    records.sort(key=lambda entry: (entry[1].arrival, entry[1].sequence_number))
    return {"records": [_shown(name, item) for name, item in records], "after": reached}


def _newest(streams: StreamStore, direct_puts: Mapping[str, DirectPut]) -> dict[str, dict[str, str]]:
    return {
        **{stream.name: streams.latest(stream.name) for stream in streams.streams()},
        **{f"{DIRECT_PUT}{name}": source.latest() for name, source in direct_puts.items()},
    }


def _new(
    streams: StreamStore, direct_puts: Mapping[str, DirectPut], after: SourcePositions
) -> Iterator[tuple[str, str, Sequence[Record]]]:
    """Source, shard id and what came to it."""
    for stream in streams.streams():
        seen = after.get(stream.name, {})
        for shard in stream.shards:
            found = streams.read(stream.name, shard.shard_id, seen.get(shard.shard_id), LIMIT)
            yield stream.name, shard.shard_id, found
    for name, source in direct_puts.items():
        seen = after.get(f"{DIRECT_PUT}{name}", {})
        for shard_id in source.shard_ids():
            records = source.read(shard_id, seen.get(shard_id), LIMIT, LIMIT_BYTES)
            yield f"{DIRECT_PUT}{name}", shard_id, records


def _shown(name: str, item: Record) -> dict[str, str]:
    return {
        "stream": name,
        "arrival": datetime.fromtimestamp(item.arrival, UTC).isoformat(timespec="milliseconds"),
        "partition_key": item.partition_key,
        "data": item.data.decode(errors="replace").rstrip("\n"),
    }
