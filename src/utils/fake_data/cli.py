"""The command line: flags to settings, one run, its account, and an exit code.

Exit codes: 0 all accepted; 1 something was not; 2 wrong input; 128 + signal (Ctrl-C: 130) when interrupted.
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from .kdg.template import TextTemplate
from .payloads import RecordSource
from .settings import DEFAULT_MAX_COUNT, DEFAULT_MAX_RETRIES, MAX_BATCH, BadInputError, Settings
from .tally import Tally, as_report, as_text
from .templates import TEMPLATES, Template

DRY_RUN_CHUNK = 1000
INTERRUPTED_EXIT = 130

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def generate(
    api_url: Annotated[
        str | None, typer.Option(help="Base URL of the API, up to and with its stage.")
    ] = None,
    stream_name: Annotated[str | None, typer.Option(help="Kinesis stream to send to.")] = None,
    api_method: Annotated[
        str, typer.Option(help="record: one record a request (PutRecord); records: PutRecords.")
    ] = "records",
    max_count: Annotated[
        int | None,
        typer.Option(help=f"Records to send. Default {DEFAULT_MAX_COUNT}, with --duration no limit."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the events to stdout, send nothing.")
    ] = False,
    batch_size: Annotated[
        int | None, typer.Option(help=f"Records a request, 1-{MAX_BATCH}. Default 1.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Records per second. Default: as fast as possible.")
    ] = None,
    concurrency: Annotated[int | None, typer.Option(help="Requests under way at once. Default 1.")] = None,
    duration: Annotated[float | None, typer.Option(help="Stop after this many seconds.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed and --base-time: same bytes.")] = None,
    base_time: Annotated[
        str | None, typer.Option(help="The events' now, e.g. 2026-11-21T09:30:00Z. Default: the clock.")
    ] = None,
    invalid_ratio: Annotated[
        float | None, typer.Option(help="Share of records, 0-1, that the transform is to reject. Default 0.")
    ] = None,
    template: Annotated[str | None, typer.Option(help=f"{', '.join(TEMPLATES)}. Default web_log.")] = None,
    template_file: Annotated[
        str | None,
        typer.Option(
            help="A template of the Kinesis Data Generator instead: {{random.number(9)}} and so on."
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="api; firehose: PutRecordBatch of a delivery stream; -: stdout. Default api."),
    ] = None,
    delivery_stream: Annotated[
        str | None, typer.Option(help="Delivery stream to send to, with --target firehose.")
    ] = None,
    max_retries: Annotated[
        int | None,
        typer.Option(help=f"Retries of a failed record, 0-20. Default {DEFAULT_MAX_RETRIES}."),
    ] = None,
    report: Annotated[str | None, typer.Option(help="text: summary to stderr; json: to stdout.")] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress and no summary, failures only.")
    ] = False,
) -> None:
    """Send fake events to the log-collector API or to a delivery stream, or print them with --dry-run.

    With the first five flags alone: one line a response, no retry, and the first failure ends the run.
    With any other: progress, retries and a summary. Exit 1 if anything was not accepted, 130 after Ctrl-C.
    """
    asked = {
        "batch_size": batch_size,
        "rate": rate,
        "concurrency": concurrency,
        "duration": duration,
        "seed": seed,
        "base_time": base_time,
        "invalid_ratio": invalid_ratio,
        "template": template,
        "template_file": template_file,
        "target": target,
        "delivery_stream": delivery_stream,
        "max_retries": max_retries,
        "report": report,
        "quiet": True if quiet else None,
    }
    further = {name: value for name, value in asked.items() if value is not None}
    settings = settings_from(api_url, stream_name, api_method, max_count, dry_run, further)
    raise typer.Exit(run(settings))


def settings_from(
    api_url: str | None,
    stream_name: str | None,
    api_method: str,
    max_count: int | None,
    dry_run: bool,
    further: dict[str, Any],
) -> Settings:
    plain = not further
    if "template" in further and "template_file" in further:
        raise BadInputError(
            "--template names a template that is here, --template-file one of yours: give one"
        )
    if max_count is None and "duration" not in further:
        max_count = DEFAULT_MAX_COUNT
    if plain:
        further = {"max_retries": 0}
    return Settings(
        api_url=api_url,
        stream_name=stream_name,
        api_method=api_method,
        max_count=max_count,
        dry_run=dry_run,
        plain=plain,
        **further,
    )


def run(settings: Settings) -> int:
    source = RecordSource(
        _template(settings),
        seed=settings.seed,
        clock=settings.clock,
        max_count=settings.max_count,
        invalid_ratio=settings.invalid_ratio,
        json_only=settings.api_method == "record",
    )
    return _print_events(source) if settings.dry_run else _send(settings, source)


def _template(settings: Settings) -> Template | TextTemplate:
    if settings.template_file is None:
        return TEMPLATES[settings.template]
    template = TextTemplate.read(settings.template_file)
    if settings.target == "api" and settings.api_method == "record" and not template.is_json:
        raise BadInputError(
            f"--api-method record carries JSON, and the records of {settings.template_file} are none"
        )
    return template


def _print_events(source: RecordSource) -> int:
    out = sys.stdout.buffer
    while chunk := source.take(DRY_RUN_CHUNK):
        out.write(b"".join(record.data + b"\n" for record in chunk))
    out.flush()
    return 0


def _send(settings: Settings, source: RecordSource) -> int:
    # asyncio, orjson's bodies and the sender are no business of --help and --dry-run
    import asyncio

    from .display import choose_display
    from .sender import Sender

    sender = Sender(settings, source, choose_display(settings))
    asyncio.run(sender.run())
    _print_account(settings, sender.tally, interrupted=sender.interrupted_by is not None)
    if sender.interrupted_by is not None:
        return 128 + sender.interrupted_by
    return 1 if sender.tally.rejected else 0


def _print_account(settings: Settings, tally: Tally, *, interrupted: bool) -> None:
    if settings.report == "json":
        print(json.dumps(as_report(tally), indent=2))
    silent = settings.plain or settings.quiet or settings.report == "json"
    if not silent or interrupted or (tally.rejected and not settings.plain):
        print(as_text(tally), file=sys.stderr)


def run_command_line(arguments: Sequence[str]) -> int:
    """Runs one command and answers its exit code; a user's mistake is one sentence on stderr."""
    try:
        code: int = app(list(arguments), prog_name="gen_fake_data.py", standalone_mode=False)
        return code
    except BadInputError as mistake:
        print(f"error: {mistake}.", file=sys.stderr)
        return 2
    except typer.TyperException as mistake:
        print(f"error: {mistake.format_message()}", file=sys.stderr)
        return mistake.exit_code
    except BrokenPipeError:
        # the reader of --dry-run has gone; what is still buffered must not raise again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED_EXIT
