"""The command line.

Exit codes: 0 every click is in the table; 1 DynamoDB refused some; 2 wrong input, or a call that failed; 130
after Ctrl-C.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from src.utils.aws.command_line import run_app
from src.utils.aws.errors import aws_calls

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def redrive(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many objects wait; change nothing.")
    ] = False,
    bucket: Annotated[
        str | None, typer.Option(help="The bucket. Default: click-logger-{region}-{account}.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Where the dead letters are.")] = "clicklog_dead_letters/",
    table: Annotated[str, typer.Option(help="The DynamoDB table.")] = "click-logger-table",
    region: Annotated[str | None, typer.Option(help="The AWS region. Default: the configured one.")] = None,
) -> None:
    """Put the clicks that DynamoDB did not take into its table.

    An item that is there already stays as it is. With AWS_ENDPOINT_URL=http://127.0.0.1:4566 the local run is
    asked.
    """
    # boto3 is no business of --help and of wrong input
    from src.utils.aws.clients import Clients

    from .redrive import Redrive, Tally

    tally = Tally()
    with aws_calls():
        clients = Clients(region)
        work = Redrive(
            clients("s3"), clients.bucket(bucket, "click-logger"), prefix, clients("dynamodb"), table
        )
        if dry_run:
            print(f"{len(list(work.keys()))} objects of dead letters wait in s3://{work.bucket}/{prefix}")
            return
        work.run(tally)
    print(
        f"{tally.objects} objects: {tally.written} clicks written, {tally.already_there} were there, "
        f"{tally.refused} refused"
    )
    raise typer.Exit(1 if tally.refused else 0)


def run_command_line(arguments: Sequence[str]) -> int:
    return run_app(app, "redrive_clicks.py", arguments)
