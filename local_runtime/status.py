"""What a run is doing, stage by stage, as plain values."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from local_runtime.coverage import WITHOUT_EFFECT, check_coverage
from local_runtime.deliveries import StreamSource
from local_runtime.firehose.delivery import Delivery
from local_runtime.firehose.direct_put import DirectPut
from local_runtime.run import LocalRun


def run_status(run: LocalRun) -> dict[str, Any]:
    """Counts that add up: records put = stored + failed + dropped + expired + waiting."""
    return {
        "ready": run.is_ready,
        "failure": None if run.failure is None else str(run.failure),
        "apis": [
            {"name": name, "stages": sorted(run.gateway.apis[name].stages), **asdict(counters)}
            for name, counters in run.gateway.counters.items()
        ],
        "streams": [_stream(run, stream.name) for stream in run.streams.streams()],
        "deliveries": [_delivery(delivery) for delivery in run.deliveries],
        "tables": _tables(run),
        "functions": [function.name for function in run.functions],
        "without_effect": {kind: WITHOUT_EFFECT[kind] for kind in sorted(check_coverage(run.assembly))},
        "metrics": run.metrics.snapshot(),
    }


def _stream(run: LocalRun, name: str) -> dict[str, Any]:
    totals = run.streams.totals(name)
    return {"name": name, "records": totals.records, "bytes": totals.bytes}


def _delivery(delivery: Delivery) -> dict[str, Any]:
    source = delivery.source
    records, size, oldest = source.waiting(delivery.positions())
    direct = source.totals() if isinstance(source, DirectPut) else None
    return {
        **delivery.status(),
        "source": source.stream if isinstance(source, StreamSource) else "direct put",
        "put": None if direct is None else {"records": direct[0], "bytes": direct[1]},
        "waiting": records,
        "waiting_bytes": size,
        "freshness_seconds": 0.0 if oldest is None else round(max(0.0, time.time() - oldest), 3),
    }


def _tables(run: LocalRun) -> list[dict[str, Any]]:
    if not run.is_ready:
        return []
    lakehouse = run.lakehouse
    return [
        {"database": database, "table": table, **asdict(lakehouse.facts(database, table))}
        for database in lakehouse.databases()
        for table in lakehouse.iceberg_tables(database)
    ]
