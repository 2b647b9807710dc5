"""What a table holds, for `status`: read from the current snapshot's summary, no data file is opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pyiceberg.table import Table


@dataclass(frozen=True)
class TableFacts:
    rows: int
    files: int
    bytes: int
    snapshots: int
    last_commit: datetime | None


def table_facts(table: Table) -> TableFacts:
    snapshot = table.current_snapshot()
    if snapshot is None or snapshot.summary is None:
        return TableFacts(rows=0, files=0, bytes=0, snapshots=0, last_commit=None)
    totals = snapshot.summary.additional_properties
    return TableFacts(
        rows=int(totals.get("total-records", "0")),
        files=int(totals.get("total-data-files", "0")),
        bytes=int(totals.get("total-files-size", "0")),
        snapshots=len(table.metadata.snapshots),
        last_commit=datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC),
    )
