"""What a run is doing, stage by stage, as plain values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from local_runtime.run import LocalRun, StreamSource


def run_status(run: LocalRun) -> dict[str, Any]:
    """Counts that add up: records put = stored + failed + dropped + waiting."""
    return {
        "ready": run.is_ready,
        "failure": None if run.failure is None else str(run.failure),
        "apis": [
            {"name": name, "stages": sorted(run.gateway.apis[name].stages), **asdict(counters)}
            for name, counters in run.gateway.counters.items()
        ],
        "streams": [_stream(run, stream.name) for stream in run.streams.streams()],
        "deliveries": [_delivery(run, delivery) for delivery in run.deliveries],
        "tables": _tables(run),
        "functions": [function.name for function in run.functions],
        "metrics": run.metrics.snapshot(),
    }


def _stream(run: LocalRun, name: str) -> dict[str, Any]:
    totals = run.streams.totals(name)
    return {"name": name, "records": totals.records, "bytes": totals.bytes}


def _delivery(run: LocalRun, delivery: Any) -> dict[str, Any]:
    source: StreamSource = delivery.source
    positions = delivery.positions()
    backlog = run.streams.backlog(source.stream, positions)
    status: dict[str, Any] = delivery.status()
    return {
        **status,
        "source": source.stream,
        "waiting": backlog.records,
        "waiting_bytes": backlog.bytes,
        "oldest_waiting": backlog.oldest_arrival,
    }


def _tables(run: LocalRun) -> list[dict[str, Any]]:
    if not run.is_ready:
        return []
    lakehouse = run.lakehouse
    return [
        {"database": database, "table": table, **asdict(lakehouse.facts(database, table))}
        for database in lakehouse.databases()
        for table in lakehouse.tables(database)
    ]
