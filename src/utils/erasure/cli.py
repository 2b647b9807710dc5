"""The command line. Exit codes: 0 erased; 1 not (all) erased; 2 wrong input, or a call that failed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from src.utils.aws.command_line import run_app
from src.utils.aws.errors import BadInputError, aws_calls

from .erase import Erasure
from .person import Person

MAX_ID_LENGTH = 1024

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def erase_user(
    user_id: Annotated[str, typer.Argument(metavar="USER_ID", help="Whose; - reads it from standard input.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say where the person is; erase nothing.")
    ] = False,
    also_mentions: Annotated[
        bool,
        typer.Option(
            "--also-mentions",
            help="Erase failed records too in which the id stands inside a longer text, or which name"
            " somebody else as their own. A short id stands in many: look with --dry-run first.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait --expire-after seconds, so that one run removes all files.")
    ] = False,
    expire_after: Annotated[
        int,
        typer.Option(
            help="Seconds for which snapshots and files without a snapshot are left alone. Longer than"
            " Firehose's retries (2 hours at most), or a commit under way loses its files."
        ),
    ] = 10_800,
    database: Annotated[str, typer.Option(help="The table's database.")] = "web_log_iceberg_db",
    table: Annotated[str, typer.Option(help="The table.")] = "web_log_iceberg",
    column: Annotated[str, typer.Option(help="The column that says who.")] = "user_id",
    stream_name: Annotated[str, typer.Option(help="The Kinesis stream.")] = "PUT-Firehose-aEhWz",
    bucket: Annotated[
        str | None, typer.Option(help="The bucket. Default: web-analytics-{region}-{account}.")
    ] = None,
    error_prefix: Annotated[str, typer.Option(help="The fixed start of error_output_prefix.")] = "error/",
    region: Annotated[str | None, typer.Option(help="The AWS region. Default: the configured one.")] = None,
    workgroup: Annotated[str, typer.Option(help="Athena's workgroup.")] = "primary",
    athena_output: Annotated[
        str | None, typer.Option(help="s3://... for query results. Default: athena-results/ in the bucket.")
    ] = None,
) -> None:
    """Erase one person's events: rows, the files that held them, and failed records.

    Says where they were and what remains until when. With AWS_ENDPOINT_URL it works on the local run.
    """
    from src.utils.aws.athena import Athena, checked_name
    from src.utils.aws.clients import Clients
    from src.utils.aws.existence import require_stream

    from .error_lines import ErrorLines
    from .table import PersonTable

    person = _person(user_id, column)
    for option, name in (("--database", database), ("--table", table), ("--column", column)):
        checked_name(option, name)
    if not 0 <= expire_after <= 432_000:
        raise BadInputError(f"--expire-after must be 0-432000 seconds (got {expire_after})")
    with aws_calls():
        clients = Clients(region)
        bucket_name = clients.bucket(bucket)
        output = f"s3://{bucket_name}/athena-results/" if athena_output is None else athena_output
        athena = Athena(clients("athena"), database, output, workgroup)
        kinesis = clients("kinesis")
        require_stream(kinesis, stream_name)
        roots = (error_prefix, "replayed/", "unrecoverable/")
        erasure = Erasure(
            PersonTable(athena, database, table, column, person),
            ErrorLines(clients("s3"), bucket_name, roots, person, also_mentions),
            kinesis,
            stream_name,
            expire_after,
        )
        raise typer.Exit(_erase(erasure, yes=yes, dry_run=dry_run, as_json=as_json, wait=wait))


def _person(user_id: str, column: str) -> Person:
    text = sys.stdin.readline().rstrip("\n") if user_id == "-" else user_id
    if not 1 <= len(text) <= MAX_ID_LENGTH:
        raise BadInputError(f"USER_ID must have 1-{MAX_ID_LENGTH} characters (got {len(text)})")
    return Person(text, column)


def _erase(erasure: Erasure, *, yes: bool, dry_run: bool, as_json: bool, wait: bool) -> int:
    from .report import as_report, found_lines, remains

    found = erasure.find()
    _tell("Found:")
    for line in found_lines(found):
        _tell(f"  {line}")
    if dry_run:
        return 0
    if not yes and not typer.confirm("Erase them? This cannot be undone.", err=True):
        _tell("Nothing was erased.")
        return 1
    outcome = erasure.erase(found, wait=wait, tell=_tell)
    if as_json:
        print(json.dumps(as_report(outcome), indent=2))
    else:
        print(f"Erased {found.rows:,} rows and {found.error_lines:,} failed records. What remains:")
        for line in remains(outcome):
            print(f"- {line}.")
    return 0 if outcome.is_complete else 1


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def run_command_line(arguments: Sequence[str]) -> int:
    return run_app(app, "erase_user.py", arguments)
