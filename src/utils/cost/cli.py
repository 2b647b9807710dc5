"""The command line of the estimate. Exit codes: 0, or 2 for wrong input."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .errors import BadInputError
from .estimate import SECONDS, Design, Workload, estimate
from .pipeline import Pipeline, read_pipeline
from .prices import load_prices
from .report import as_report, print_report

COMPARED_BATCH_SIZES = (1, 25, 100, 500)
MAX_BATCH = 500
MAX_RECORD_BYTES = 1000 * 1024
MAX_REQUEST_BYTES = 10 * 1024 * 1024
MAX_EVENTS = 10**13
ADDED_BYTES = 150
DIRECT_PUT_BYTES_PER_SECOND = 5 * 1024 * 1024

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def estimate_cost(
    events_per_month: Annotated[int, typer.Option(help="Events a month.")],
    bytes_: Annotated[int, typer.Option("--bytes", help="Bytes of one event as JSON.")] = 500,
    batch_size: Annotated[int, typer.Option(help=f"Events in a request, 1-{MAX_BATCH}.")] = 25,
    assembly: Annotated[Path, typer.Option(help="The cloud assembly that `make synth` wrote.")] = Path(
        "cdk.out"
    ),
    output_bytes: Annotated[
        int | None,
        typer.Option(help=f"Bytes of one event after the transform. Default: --bytes + {ADDED_BYTES}."),
    ] = None,
    active_partitions: Annotated[
        int, typer.Option(help="Partitions that a commit writes to: kinds of event, times days.")
    ] = 6,
    stack_prefix: Annotated[str, typer.Option(help="The stacks to price.")] = "WebAnalytics",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """USD a month on AWS, by stage, from the settings of the synthesized templates.

    Compares batch sizes, and the design without a Kinesis stream.
    """
    workload = _workload(events_per_month, bytes_, batch_size, output_bytes, active_partitions)
    pipeline = read_pipeline(assembly, stack_prefix)
    prices = load_prices()
    sizes = [size for size in sorted({*COMPARED_BATCH_SIZES, batch_size}) if _fits(bytes_, size)]
    compared = [estimate(pipeline, replace(workload, batch_size=size), prices) for size in sizes]
    chosen = compared[sizes.index(batch_size)]
    alternative = estimate(pipeline, workload, prices, Design.DIRECT)
    notes = _notes(pipeline, workload)
    if as_json:
        print(json.dumps(as_report(chosen, compared, alternative, prices, notes), indent=2))
    else:
        print_report(chosen, compared, alternative, prices, notes)


def _workload(
    events: int, bytes_: int, batch_size: int, output_bytes: int | None, partitions: int
) -> Workload:
    _check_range("--events-per-month", events, 1, MAX_EVENTS)
    _check_range("--bytes", bytes_, 1, MAX_RECORD_BYTES, ", the largest record that Firehose takes")
    _check_range("--batch-size", batch_size, 1, MAX_BATCH, ", the limit of PutRecords")
    _check_range("--active-partitions", partitions, 1, 3000)
    if not _fits(bytes_, batch_size):
        raise BadInputError(
            f"--batch-size {batch_size} with --bytes {bytes_} makes requests of {batch_size * bytes_:,}"
            f" bytes; API Gateway takes at most {MAX_REQUEST_BYTES:,}"
        )
    output = bytes_ + ADDED_BYTES if output_bytes is None else output_bytes
    _check_range("--output-bytes", output, 1, 6 * MAX_REQUEST_BYTES)
    return Workload(
        events=events, bytes=bytes_, batch_size=batch_size, output_bytes=output, partitions=partitions
    )


def _fits(bytes_: int, batch_size: int) -> bool:
    return bytes_ * batch_size <= MAX_REQUEST_BYTES


def _check_range(option: str, value: int, low: int, high: int, note: str = "") -> None:
    if not low <= value <= high:
        raise BadInputError(f"{option} must be {low}-{high}{note} (got {value})")


def _notes(pipeline: Pipeline, workload: Workload) -> list[str]:
    notes = []
    requests = workload.requests / SECONDS
    rate = pipeline.throttling_rate
    if rate is not None and requests > rate:
        notes.append(
            f"{requests:,.0f} requests a second on average are more than the stage's throttle of {rate:,}:"
            " send larger batches or raise throttling_rate_limit."
        )
    per_second = workload.events * workload.bytes / SECONDS
    if per_second > DIRECT_PUT_BYTES_PER_SECOND:
        notes.append(
            f"Without the stream, {per_second / 2**20:,.1f} MiB a second need a higher quota of Direct PUT"
            " (5 MiB a second in us-east-1, 1 MiB in most regions)."
        )
    return notes


def run_command_line(arguments: Sequence[str]) -> int:
    """Runs the command and answers its exit code; a user's mistake is one sentence on stderr."""
    try:
        code: int | None = app(list(arguments), prog_name="estimate_cost.py", standalone_mode=False)
        return 0 if code is None else code
    except BadInputError as mistake:
        print(f"error: {mistake}.", file=sys.stderr)
        return 2
    except typer.TyperException as mistake:
        print(f"error: {mistake.format_message()}", file=sys.stderr)
        return mistake.exit_code
