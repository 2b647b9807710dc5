"""An API metered from its access log: users call, the merge runs twice, the statement is checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from rich.table import Table

from src.utils.aws.athena import Athena, Result, text_literal
from src.utils.demos.local_run import ROOT, DemoError, Run, console
from src.utils.random_strings.sign_in import Login, sign_in, user_of

API = "random-strings"
WORK_GROUP, DATABASE = "SaaSMeteringDemo", "mydatabase"
RULE = "restapi-access-log-merge-small-files"
QUERIES = ROOT / "sql/saas_metering/queries"
REQUESTS_FOR_AN_EVENT = 10
"""Each request is one of its own, through a function: a tenth of what the other demos send."""
PASSWORD = "Correct-horse-7-battery"  # noqa: S105  (of users who end with the demo)
USERS = ("ann@example.org", "ben@example.org")
NOBODY, EVERYBODY = "-", "all users"


@dataclass
class Usage:
    """What was sent and answered, as this side counts it."""

    calls: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, user: str, *, calls: int, size: int, errors: int) -> None:
        for account in (user, EVERYBODY):
            self.calls[account] += calls
            self.bytes[account] += size
            self.errors[account] += errors

    def rows(self) -> dict[str, tuple[int, int, int]]:
        return {user: (self.calls[user], self.bytes[user], self.errors[user]) for user in self.calls}


def show(run: Run, events: int) -> bool:
    """Answers, calls, merges, statement; whether the statement and the log are what was sent."""
    started, sent = datetime.now(UTC), Usage()
    pool_id, client_id = _user_pool(run)
    good = _show_answers(run, sent, Login(pool_id, client_id, USERS[0], PASSWORD))
    for email in USERS:
        _call(run, sent, pool_id, client_id, email, max(events // REQUESTS_FOR_AN_EVENT // len(USERS), 1))
    console.print(run.command("flush").strip(), highlight=False)
    for number in ("first", "second"):
        console.rule(f"The {number} run of the merge, as if an hour had passed")
        sys.stdout.write(run.command("fire-rule", RULE, "--time", _in_an_hour()))
        sys.stdout.flush()
    return _check(run, started, sent) and good


def _client(run: Run, service: str) -> Any:
    import boto3

    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    return boto3.client(service, endpoint_url=run.url, region_name="us-east-1", **keys)


def _user_pool(run: Run) -> tuple[str, str]:
    cognito = _client(run, "cognito-idp")
    for pool in cognito.list_user_pools(MaxResults=60)["UserPools"]:
        if pool["Name"] == API:
            clients = cognito.list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=60)
            return pool["Id"], clients["UserPoolClients"][0]["ClientId"]
    raise DemoError(f"the run has no user pool {API}")


def _show_answers(run: Run, sent: Usage, login: Login) -> bool:
    """One request of each kind, by a user who signs up for it; whether every answer is the right one."""
    token = sign_in(_client(run, "cognito-idp"), login)
    asked: tuple[tuple[str, str | None, str, int], ...] = (
        ("with a token", token, "?len=7&chars=digits&num=3", 200),
        ("beyond the limits", token, "?len=99&num=0", 200),
        ("unknown characters", token, "?chars=emoji", 400),
        ("no number", token, "?len=seven", 400),
        ("without a token", None, "?len=7", 401),
        ("with somebody's invention", "e30.e30.e30", "", 401),
    )
    table = Table("request", "status", "answer", title=f"{login.email} has signed up; what the API answers")
    good = True
    for what, given, query, status in asked:
        headers = {} if given is None else {"Authorization": given}
        answer = requests.get(f"{run.api_url(API)}/random/strings{query}", headers=headers, timeout=30)
        good &= answer.status_code == status
        colour = "green" if answer.status_code == status else "red"
        table.add_row(what, f"[{colour}]{answer.status_code}[/{colour}]", answer.text.replace("[", r"\["))
        user = user_of(token) if given == token else NOBODY
        sent.add(user, calls=1, size=len(answer.content), errors=int(answer.status_code >= 400))
    console.print(table)
    return good


def _call(run: Run, sent: Usage, pool_id: str, client_id: str, email: str, count: int) -> None:
    """The driver, as a user would run it, with its progress on the terminal."""
    command = [sys.executable, str(ROOT / "src/utils/call_random_strings.py"), "--json"]
    command += ["--api-url", run.api_url(API), "--max-count", str(count), "--email", email]
    command += ["--user-pool-id", pool_id, "--client-id", client_id, "--concurrency", "4"]
    environment = {**os.environ, "AWS_ENDPOINT_URL": run.url, "RANDOM_STRINGS_PASSWORD": PASSWORD}
    finished = subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if finished.returncode not in (0, 1):
        raise DemoError(f"the driver ended with exit code {finished.returncode}")
    report: Mapping[str, Any] = json.loads(finished.stdout)
    statuses = Counter(report["statuses"])
    errors = report["sent"] - statuses["200"]
    sent.add(report["user"], calls=report["sent"], size=report["bytes"], errors=errors)
    console.print(f"{email} is {report['user']}: {report['sent']:,} requests, {dict(statuses)}")


def _in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _check(run: Run, started: datetime, sent: Usage) -> bool:
    """The statement of the month, or of two when the demo ran over midnight, beside what was sent."""
    athena = Athena(_client(run, "athena"), DATABASE, None, WORK_GROUP)
    months = sorted({moment.strftime("%Y-%m-01") for moment in (started, datetime.now(UTC))})
    days = sorted({moment.strftime("%Y-%m-%d") for moment in (started, datetime.now(UTC))})
    for day in days:
        _print(f"Usage per user and hour of {day}", _ask(athena, "usage_per_user_per_hour", day))
    stated, log_agrees = Usage(), True
    for month in months:
        statement = _ask(athena, "monthly_usage_statement", month)
        _print(f"The statement of {month[:7]}", statement)
        for account, calls, size, errors, _ in statement.rows:
            stated.calls[str(account)] += int(str(calls))
            stated.bytes[str(account)] += int(str(size))
            stated.errors[str(account)] += int(str(errors))
        against = _ask(athena, "statement_against_log", month)
        _print("The statement against the log", against)
        in_log, in_statement, bytes_in_log, bytes_in_statement, *differences = against.rows[0]
        log_agrees &= (in_log, bytes_in_log, *differences) == (in_statement, bytes_in_statement, "0", "0")
    agrees = stated.rows() == sent.rows() and log_agrees
    total = sent.rows()[EVERYBODY]
    verdict = "[green]equals[/green]" if agrees else "[red]does not equal[/red]"
    console.print(f"The statement {verdict} what was sent: {total[0]:,} requests, {total[1]:,} bytes.")
    return agrees


def _ask(athena: Athena, query: str, parameter: str) -> Result:
    return athena.query((QUERIES / f"{query}.sql").read_text(), [text_literal(parameter)])


def _print(title: str, result: Result) -> None:
    table = Table(*result.columns, title=title)
    for row in result.rows:
        table.add_row(*("" if cell is None else cell for cell in row))
    console.print(table)
