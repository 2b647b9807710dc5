"""The command line. Exit codes: 0 every record is dealt with; 1 the stream refused some; 2 wrong input, or a
call that failed; 130 after Ctrl-C.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from src.utils.aws.command_line import run_app
from src.utils.aws.errors import BadInputError, aws_calls

if TYPE_CHECKING:
    from rich.console import Console

    from .replay import Replay, Tally

LEDGER = "replay-ledger/"

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def replay(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would pass now; change nothing.")
    ] = False,
    fixes: Annotated[
        Path | None, typer.Option(help="YAML file of repairs for records that do not pass as they are.")
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(help="The bucket. Default: web-analytics-{region}-{account}.")
    ] = None,
    error_prefix: Annotated[str, typer.Option(help="The fixed start of error_output_prefix.")] = "error/",
    stream_name: Annotated[str, typer.Option(help="The Kinesis stream.")] = "PUT-Firehose-aEhWz",
    function_name: Annotated[
        str, typer.Option(help="The transform function, which judges the records.")
    ] = "web-analytics-firehose-data-transform",
    retry_unrecoverable: Annotated[
        bool, typer.Option("--retry-unrecoverable", help="Also read what earlier replays gave up.")
    ] = False,
    samples: Annotated[int, typer.Option(help="Records to show for each reason, 0-20.")] = 1,
    batch_size: Annotated[int, typer.Option(help="Records a PutRecords, 1-500.")] = 500,
    assume: Annotated[
        str | None,
        typer.Option(help="put or lost: what became of records that a replay of long ago was putting."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    region: Annotated[str | None, typer.Option(help="The AWS region. Default: the configured one.")] = None,
) -> None:
    """Put the records that Firehose could not deliver back into the stream, each of them once.

    The deployed transform function judges every record anew. What passes goes back and is moved to
    replayed/, the rest to unrecoverable/. With AWS_ENDPOINT_URL=http://127.0.0.1:4566 the local run is asked.
    """
    if assume not in (None, "put", "lost"):
        raise BadInputError(f"--assume must be put or lost (got {assume!r})")
    _check("--samples", samples, 0, 20)
    _check("--batch-size", batch_size, 1, 500)
    # boto3 and rich are no business of --help and of wrong input
    from rich.console import Console

    from src.utils.aws.clients import Clients
    from src.utils.aws.existence import require_stream

    from .bucket import S3Bucket
    from .fixes import Fixes, load_fixes
    from .ledger import Ledger
    from .replay import Replay, Tally
    from .report import as_report, print_report
    from .stream import KinesisStream, Putter
    from .verdicts import TransformFunction

    rules = Fixes() if fixes is None else load_fixes(fixes)
    tally = Tally()
    with aws_calls():
        clients = Clients(region)
        objects = S3Bucket(clients("s3"), clients.bucket(bucket))
        ledger = Ledger(objects, LEDGER)
        kinesis = clients("kinesis", attempts=1)
        putter = Putter(KinesisStream(kinesis, stream_name), ledger)
        transform = TransformFunction(clients("lambda"), function_name)
        work = Replay(
            objects,
            ledger,
            error_prefix,
            transform,
            rules,
            None if dry_run else putter,
            retry_unrecoverable=retry_unrecoverable,
            batch_size=batch_size,
            samples=samples,
        )
        if dry_run:
            ledger.open_batches()
            _run(work, tally, Console(stderr=True))
        else:
            # records that do not pass are moved without a word of either
            require_stream(kinesis, stream_name)
            transform.require()
            with ledger.held():
                for batch in ledger.open_batches():
                    putter.settle(batch, assume)
                _run(work, tally, Console(stderr=True))
        given_up = work.given_up() if not tally.objects or (tally.unrecoverable and not dry_run) else None
    if as_json:
        print(json.dumps(as_report(tally, dry_run=dry_run, given_up=given_up), indent=2, ensure_ascii=False))
    else:
        print_report(tally, dry_run=dry_run, given_up=given_up, console=Console())
    raise typer.Exit(0 if tally.adds_up and not tally.not_put else 1)


def _run(work: Replay, tally: Tally, console: Console) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    sources = work.sources()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("objects, {task.fields[records]:,} records"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("replay", total=len(sources), records=0)
        for _ in work.run(sources, tally):
            progress.update(task, advance=1, records=tally.read)


def _check(option: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise BadInputError(f"{option} must be {lowest}-{highest} (got {value})")


def run_command_line(arguments: Sequence[str]) -> int:
    return run_app(app, "replay_failed_records.py", arguments)
