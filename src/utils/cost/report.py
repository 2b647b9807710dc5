"""The bill as tables for a terminal, or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .estimate import Design, Estimate
from .prices import PriceList

if TYPE_CHECKING:
    from rich.table import Table

STREAM_STAGES = ("Kinesis hours", "Kinesis in", "Kinesis out", "Kinesis retention")
MAIN_STAGES = ("API Gateway", *STREAM_STAGES, "Firehose to Iceberg", "Lambda transform")
NOT_COUNTED = (
    "Athena queries ($5 a TB scanned, 10 MB at least), Glue's table optimizers ($0.44 a DPU-hour),"
    " requests to KMS, free tiers, taxes, refused requests and retries"
)


def print_report(
    chosen: Estimate,
    compared: Sequence[Estimate],
    alternative: Estimate,
    prices: PriceList,
    notes: Sequence[str],
) -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=140)
    console.print(_bill(chosen, prices))
    console.print(_comparison(chosen, compared, alternative))
    unverified = _unverified(chosen, prices)
    for note in [
        *notes,
        f"{Design.DIRECT.value} saves the stream and loses reading it again, other consumers beside Firehose,"
        " and order by key; what Firehose cannot deliver for 24 hours is lost.",
        f"Prices of {prices.region}, {prices.as_of}. Unverified ones, marked *: {', '.join(unverified)}.",
        f"Not counted: {NOT_COUNTED}.",
    ]:
        console.print(note, highlight=False, markup=False)


def as_report(
    chosen: Estimate,
    compared: Sequence[Estimate],
    alternative: Estimate,
    prices: PriceList,
    notes: Sequence[str],
) -> dict[str, Any]:
    return {
        "region": prices.region,
        "prices_as_of": prices.as_of.isoformat(),
        "unverified_prices": _unverified(chosen, prices),
        "chosen": _as_dict(chosen),
        "batch_sizes": [_as_dict(item) for item in compared],
        "alternative": _as_dict(alternative),
        "notes": list(notes),
        "not_counted": NOT_COUNTED,
    }


def _as_dict(estimate: Estimate) -> dict[str, Any]:
    return {
        "design": estimate.design.value,
        "batch_size": estimate.workload.batch_size,
        "events_per_month": estimate.workload.events,
        "requests_per_month": estimate.workload.requests,
        "stages": {line.stage: round(line.usd, 4) for line in estimate.lines},
        "usd_per_month": round(estimate.usd, 4),
        "usd_per_million_events": round(estimate.usd_per_million_events, 4),
    }


def _unverified(estimate: Estimate, prices: PriceList) -> list[str]:
    names = {name for line in estimate.lines for name in line.prices}
    return sorted(name for name in names if not prices[name].verified)


def _bill(estimate: Estimate, prices: PriceList) -> Table:
    from rich.table import Table

    work = estimate.workload
    title = f"{work.events:,} events a month of {work.bytes:,} bytes, {work.batch_size} in a request"
    table = Table(title=title, title_justify="left", show_footer=True)
    table.add_column("stage", "total")
    table.add_column("USD a month", _usd(estimate.usd), justify="right")
    table.add_column("share", justify="right")
    table.add_column("counted", f"{_usd(estimate.usd_per_million_events)} a million events")
    for line in estimate.lines:
        mark = "" if all(prices[name].verified for name in line.prices) else " *"
        share = f"{line.usd / estimate.usd:.0%}"
        table.add_row(line.stage + mark, _usd(line.usd), share, line.counted)
    return table


def _comparison(chosen: Estimate, compared: Sequence[Estimate], alternative: Estimate) -> Table:
    from rich.table import Table

    table = Table(title="The same events otherwise", title_justify="left")
    for name in ("design", "events a request"):
        table.add_column(name, justify="left" if name == "design" else "right")
    for name in ("API Gateway", "Kinesis", "Firehose", "Lambda", "the rest", "USD a month", "a million"):
        table.add_column(name, justify="right")
    for item in [*compared, alternative]:
        batch = f"{item.workload.batch_size:,}"
        style = "bold" if item is chosen else None
        table.add_row(item.design.value, batch, *_columns(item), style=style)
    return table


def _columns(item: Estimate) -> list[str]:
    shown = [
        item.stage("API Gateway"),
        item.stage(*STREAM_STAGES),
        item.stage("Firehose to Iceberg"),
        item.stage("Lambda transform"),
        item.usd - item.stage(*MAIN_STAGES),
        item.usd,
        item.usd_per_million_events,
    ]
    return [_usd(value) for value in shown]


def _usd(value: float) -> str:
    return f"{value:,.2f}"
