"""The command line: `up`, `sql`, `status`, `flush`, `crawl` ..."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from local_runtime.client import MAX_FLUSH_SECONDS, MAX_SNAPSHOT_HOURS, ControlClient
from local_runtime.errors import LocalRuntimeError
from local_runtime.state import RunInfo, StateDirectory

DEFAULT_STATE = Path(".local")
DEFAULT_PORT = 4566
TAIL_SECONDS = 0.3

app = typer.Typer(
    help="Runs the synthesized CDK app (cdk.out) on this machine: no account, no Docker, no network.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


StateOption = Annotated[Path, typer.Option(help="The directory that keeps the data of the run.")]
RunPort = Annotated[int | None, typer.Option(help="The run's port; without it --state leads to the run.")]


@app.command()
def up(
    assembly: Annotated[Path, typer.Option(help="The cloud assembly that `make synth` wrote.")] = Path(
        "cdk.out"
    ),
    state: StateOption = DEFAULT_STATE,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free port.")] = DEFAULT_PORT,
    ephemeral: Annotated[bool, typer.Option("--ephemeral", help="Throw the state away at the end.")] = False,
    interval: Annotated[
        float | None,
        typer.Option(min=0, max=900, help="Seconds between deliveries, instead of the template's."),
    ] = None,
    throttle: Annotated[
        bool, typer.Option("--throttle", help="Throttle requests as the stages' settings say.")
    ] = False,
    wait_scale: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="The share of waits (state machines, retried events) that is really waited for.",
        ),
    ] = 1.0,
) -> None:
    """Start the run and stay up until Ctrl-C."""
    root = Path(tempfile.mkdtemp(prefix="local-run-")) if ephemeral else state
    directory = StateDirectory(root)
    try:
        directory.acquire()
        try:
            _serve(assembly, directory, port, interval, throttle, wait_scale)
        finally:
            directory.release()
    finally:
        if ephemeral:
            shutil.rmtree(root, ignore_errors=True)


def _serve(
    assembly_directory: Path,
    directory: StateDirectory,
    port: int,
    interval: float | None,
    throttle: bool,
    wait_scale: float,
) -> None:
    from local_runtime.assembly import load_assembly
    from local_runtime.banner import banner
    from local_runtime.coverage import check_coverage
    from local_runtime.logs import log_to
    from local_runtime.run import LocalRun
    from local_runtime.server import listen, serve

    log_to(directory.logs / "local-run.log")
    assembly = load_assembly(assembly_directory)
    without_effect = check_coverage(assembly)
    listener = listen(port)
    bound: int = listener.getsockname()[1]
    endpoint_url = f"http://127.0.0.1:{bound}"
    try:
        run = LocalRun(
            assembly,
            directory,
            endpoint_url=endpoint_url,
            interval_seconds=interval,
            throttle=throttle,
            wait_scale=wait_scale,
        )
    except sqlite3.Error as error:
        raise LocalRuntimeError(f"{directory.root}: a database cannot be opened: {error}") from error

    def opened() -> None:
        directory.announce(RunInfo(os.getpid(), bound, str(assembly_directory.resolve())))
        print(banner(run, endpoint_url, directory.root, without_effect), flush=True)

    run.start()
    try:
        serve(run, listener, opened)
    finally:
        print("stopping; what was accepted and not delivered stays in the stream", flush=True)
        run.stop()
    if run.failure is not None:
        raise LocalRuntimeError(f"the lakehouse could not be opened: {run.failure}")


@app.command()
def sql(
    statement: Annotated[str | None, typer.Argument(help="One Athena statement.")] = None,
    file: Annotated[Path | None, typer.Option(help="Read the statement from a file instead.")] = None,
    format: Annotated[Format, typer.Option(help="How the rows are printed.")] = Format.TABLE,
    database: Annotated[str | None, typer.Option(help="The database of names without one.")] = None,
    port: RunPort = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Ask the tables of the run as Athena would be asked."""
    text = _statement(statement, file)
    answer = ControlClient(port, state).ask("sql", {"sql": text, "database": database})
    names = [column["name"] for column in answer["columns"]]
    if format is Format.JSON:
        print(json.dumps([dict(zip(names, row, strict=True)) for row in answer["rows"]], ensure_ascii=False))
    elif format is Format.CSV:
        writer = csv.writer(sys.stdout)
        writer.writerow(names)
        writer.writerows(answer["text"])
    else:
        from local_runtime.tables import print_rows

        print_rows(answer["columns"], answer["text"])


def _statement(statement: str | None, file: Path | None) -> str:
    if (statement is None) == (file is None):
        raise LocalRuntimeError("give one statement, as an argument or with --file")
    if file is None:
        return str(statement)
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LocalRuntimeError(f"{file}: the statement cannot be read: {error}") from None


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep the table live until Ctrl-C.")] = False,
    port: RunPort = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Show each stage of the run: accepted, waiting, stored, failed."""
    if as_json and watch:
        raise LocalRuntimeError("--json and --watch exclude one another")
    client = ControlClient(port, state)
    if as_json:
        print(json.dumps(client.ask("status", {})))
    else:
        from local_runtime.tables import print_status, watch_status

        if watch:
            watch_status(lambda: client.ask("status", {}))
        else:
            print_status(client.ask("status", {}))


@app.command()
def tail(
    seconds: Annotated[float | None, typer.Option(min=0, help="Stop after so long; else Ctrl-C.")] = None,
    port: RunPort = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Print events as the streams accept them."""
    client = ControlClient(port, state)
    deadline = None if seconds is None else time.monotonic() + seconds
    after = None
    while deadline is None or time.monotonic() < deadline:
        answer = client.ask("tail", {"after": after})
        after = answer["after"]
        for record in answer["records"]:
            print(record["arrival"], record["stream"], record["partition_key"], record["data"], flush=True)
        if not answer["records"]:
            time.sleep(TAIL_SECONDS)


class MessageFormat(StrEnum):
    """How messages are printed."""

    TEXT = "text"
    JSON = "json"


@app.command()
def messages(
    topic: Annotated[str | None, typer.Option(help="Those of one topic, by its name.")] = None,
    format: Annotated[MessageFormat, typer.Option(help="How they are printed.")] = MessageFormat.TEXT,
    port: RunPort = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Show what was published to the SNS topics; nothing of it leaves this machine."""
    published = ControlClient(port, state).ask("messages", {"topic": topic})["messages"]
    if format is MessageFormat.JSON:
        print(json.dumps(published, ensure_ascii=False))
    else:
        from local_runtime.services.stateful.messages import as_mail

        print("\n".join(map(as_mail, published)) or "nothing was published")


@app.command()
def start_execution(
    name: Annotated[str, typer.Argument(help="The state machine's name, or what it begins with.")],
    input: Annotated[str, typer.Option(help="The input, as JSON.")] = "{}",
    format: Annotated[MessageFormat, typer.Option(help="How it is told.")] = MessageFormat.TEXT,
    port: RunPort = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Start a state machine, follow it and show the states passed; exit code 1 when it failed."""
    from local_runtime.executions import FollowedExecution
    from local_runtime.tables import print_execution, watch_execution

    report = watch_execution(FollowedExecution(ControlClient(port, state), name, input).reports())
    if format is MessageFormat.JSON:
        print(json.dumps(report, ensure_ascii=False))
    else:
        from local_runtime.services.stateful.messages import as_mail

        print_execution(report)
        for message in report["messages"]:
            print(f"\npublished meanwhile\n{as_mail(message)}")
    if report["status"] != "SUCCEEDED":
        raise typer.Exit(1)


@app.command()
def fire_rule(
    name: Annotated[str, typer.Argument(help="The rule's name, or what it begins with.")],
    moment: Annotated[
        str | None, typer.Option("--time", help="As if it were then: 2026-11-01T08:00:00Z. Else it is now.")
    ] = None,
    format: Annotated[MessageFormat, typer.Option(help="How it is told.")] = MessageFormat.TEXT,
    port: RunPort = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Fire a scheduled rule and show what its targets did; exit code 1 when one failed."""
    answer = ControlClient(port, state).ask("fire-rule", {"name": name, "time": moment}, 3600)
    if format is MessageFormat.JSON:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        print(f"{answer['rule']} fired for {answer['time']}")
        for target in answer["targets"]:
            words = [key for key in ("error", "answer", "execution") if key in target]
            print(f"  {target['target']}", *(f"{word}: {json.dumps(target[word])}" for word in words))
    if any(target["failed"] for target in answer["targets"]):
        raise typer.Exit(1)


@app.command()
def flush(
    timeout: Annotated[float, typer.Option(min=0, max=MAX_FLUSH_SECONDS, help="Seconds to wait.")] = 60,
    port: RunPort = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Deliver everything accepted so far without waiting for the buffer's interval."""
    answer = ControlClient(port, state).ask("flush", {"timeout_seconds": timeout}, timeout + 30)
    if not answer["flushed"]:
        waiting = sum(delivery["waiting"] for delivery in answer["status"]["deliveries"])
        raise LocalRuntimeError(f"{waiting} records are not delivered after {timeout:g} s; see `status`")
    print("\n".join(flushed_lines(answer["status"]["deliveries"])))


def flushed_lines(deliveries: list[dict[str, Any]]) -> list[str]:
    """A line for each delivery stream that ever had a record; for all of them when none had."""
    told = [delivery for delivery in deliveries if any(delivery["counters"].values())]
    lines = []
    for delivery in told or deliveries:
        counters = delivery["counters"]
        failed = sum(count for name, count in counters.items() if name.endswith("-failed"))
        lines.append(f"{delivery['name']}: {counters.get('stored', 0)} stored, {failed} failed, 0 waiting")
    return lines


@app.command()
def maintain(
    snapshot_hours: Annotated[
        float | None,
        typer.Option(min=0, max=MAX_SNAPSHOT_HOURS, help="Forget older snapshots, not the template's days."),
    ] = None,
    port: RunPort = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Compact small files now, forget old snapshots, remove files that nobody refers to."""
    answer = ControlClient(port, state).ask("maintain", {"snapshot_hours": snapshot_hours}, 3600)
    for done in answer["tables"]:
        print(
            f"{done['database']}.{done['table']}: {done['rewritten_files']} files rewritten into "
            f"{done['written_files']}, {done['expired_snapshots']} snapshots forgotten, "
            f"{done['removed_files']} orphan files removed ({done['removed_bytes']} bytes)"
        )


@app.command()
def crawl(
    name: Annotated[str | None, typer.Argument(help="One crawler; without it all of them.")] = None,
    port: RunPort = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Run crawlers now and print what changed in the Data Catalog."""
    answer = ControlClient(port, state).ask("crawl", {"name": name}, 3600)
    if not answer["crawls"]:
        print("the assembly has no crawlers")
    for done in answer["crawls"]:
        seconds = done["ended"] - done["started"]
        print(
            f"{done['crawler']}: {done['status'].lower()} in {seconds:.1f} s, "
            f"{done['read_files']} of {done['files']} objects were new"
        )
        lines = [*done["changes"], *(f"warning: {warning}" for warning in done["warnings"])]
        for line in lines or ["nothing changed"]:
            print(f"  {line}")
    failed = [f"{done['crawler']}: {done['error']}" for done in answer["crawls"] if done["error"]]
    if failed:
        raise LocalRuntimeError("; ".join(failed))


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2."""
    try:
        app()
    except LocalRuntimeError as error:
        print(f"local_runtime: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
