"""The command line. Exit codes: 0 all answered 200; 1 not all; 2 wrong input, or a call that failed."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from typing import Annotated
from urllib.parse import urlsplit

import typer

from src.utils.aws.command_line import run_app
from src.utils.aws.errors import BadInputError, aws_calls

from .calls import Tally, call_all, random_urls
from .sign_in import Login, sign_in, user_of

PASSWORD = "RANDOM_STRINGS_PASSWORD"  # noqa: S105  (the name of a variable)

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def call_random_strings(
    api_url: Annotated[
        str,
        typer.Option("--api-url", "--apigw-invoke-url", help="The stage's address, output RestApiEndpoint."),
    ],
    max_count: Annotated[int, typer.Option(min=1, max=1_000_000, help="Requests to send.")] = 10,
    auth_token: Annotated[
        str | None, typer.Option(help="An ID token, where somebody signed in already.")
    ] = None,
    user_pool_id: Annotated[str | None, typer.Option(help="Output UserPoolId.")] = None,
    client_id: Annotated[str | None, typer.Option(help="Output UserPoolClientId.")] = None,
    email: Annotated[
        str | None,
        typer.Option(
            help="Who calls. A user who is not there is made, with the password in"
            f" {PASSWORD}, which is asked for when it is not set."
        ),
    ] = None,
    no_token: Annotated[bool, typer.Option("--no-token", help="Call without a token: 401.")] = False,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Requests under way.")] = 2,
    seed: Annotated[int | None, typer.Option(help="The same requests again.")] = None,
    region: Annotated[str | None, typer.Option(help="The AWS region. Default: the configured one.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the requests; send none.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> int:
    """Sign a user up, get a token and send random requests.

    With AWS_ENDPOINT_URL it works on the local run.
    """
    if urlsplit(api_url).scheme not in ("http", "https") or not urlsplit(api_url).netloc:
        raise BadInputError(f"--api-url must be a URL like https://... (got {api_url!r})")
    urls = random_urls(api_url, max_count, seed)
    if dry_run:
        for url in urls:
            print(f"curl --header \"Authorization: $TOKEN\" '{url}'")
        return 0
    token = None if no_token else auth_token
    if token is None and not no_token:
        token = _signed_in(user_pool_id, client_id, email, region)
    user = None if token is None else user_of(token)
    tally = _call(urls, token, max_count, concurrency)
    _report(tally, user, as_json)
    return 0 if tally.all_answered_well else 1


def run_command_line(arguments: Sequence[str]) -> int:
    return run_app(app, "call_random_strings.py", arguments)


def _signed_in(pool_id: str | None, client_id: str | None, email: str | None, region: str | None) -> str:
    if pool_id is None or client_id is None or email is None:
        raise BadInputError("pass --user-pool-id, --client-id and --email, or --auth-token, or --no-token")
    from src.utils.aws.clients import Clients

    password = os.environ.get(PASSWORD) or typer.prompt(f"Password of {email}", hide_input=True, err=True)
    with aws_calls():
        return sign_in(Clients(region)("cognito-idp"), Login(pool_id, client_id, email, password))


def _call(urls: Iterator[str], token: str | None, total: int, concurrency: int) -> Tally:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("called"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("called", total=total)
        return asyncio.run(call_all(urls, token, concurrency, lambda: progress.advance(task)))


def _report(tally: Tally, user: str | None, as_json: bool) -> None:
    if as_json:
        report = {"user": user, "sent": tally.sent, "statuses": dict(tally.statuses), "bytes": tally.bytes}
        print(json.dumps(report))
        return
    statuses = ", ".join(f"{count:,} x {status}" for status, count in sorted(tally.statuses.items()))
    who = "without a token" if user is None else f"by user {user}"
    print(f"{tally.sent:,} requests {who}: {statuses}; {tally.bytes:,} bytes")
