"""saas_metering in the local run: from signing up to the statement."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.integration.saas_metering_log import RULE, Ask, Client, clients, questions

EMAIL, PASSWORD = "ann@example.org", "Correct-horse-7-battery"
NOBODY = "-"


@pytest.fixture(scope="module")
def run(start_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with start_run(
        tmp_path_factory.mktemp("metering"), "--interval", "600", system="saas_metering"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def client(run: Any) -> Client:
    return clients(run.url)


@pytest.fixture(scope="module")
def ask(client: Client) -> Ask:
    return questions(client)


@pytest.fixture(scope="module")
def pool(client: Client) -> tuple[str, str]:
    cognito = client("cognito-idp")
    (found,) = cognito.list_user_pools(MaxResults=10)["UserPools"]
    (of_pool,) = cognito.list_user_pool_clients(UserPoolId=found["Id"], MaxResults=10)["UserPoolClients"]
    return found["Id"], of_pool["ClientId"]


def drive(run: Any, *arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "src/utils/call_random_strings.py")]
    command += ["--api-url", f"{run.url}/random-strings/prod", *arguments]
    environment = {**os.environ, "AWS_ENDPOINT_URL": run.url, "RANDOM_STRINGS_PASSWORD": password}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_signed_up_user_is_metered_and_the_statement_equals_the_log(
    run: Any, client: Client, pool: tuple[str, str], ask: Ask
) -> None:
    started = datetime.now(UTC)
    who = ["--user-pool-id", pool[0], "--client-id", pool[1], "--email", EMAIL]
    called = drive(run, *who, "--max-count", "40", "--json")
    assert called.returncode == 0, called.stderr
    report = json.loads(called.stdout)
    assert (report["sent"], report["statuses"]) == (40, {"200": 40})
    again = drive(run, *who, "--max-count", "2")  # the user is there now
    assert again.returncode == 0, again.stderr
    assert drive(run, *who, password="Another-horse-7-battery").returncode == 2
    refused = drive(run, "--no-token", "--max-count", "3", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["statuses"]) == (1, {"401": 3})
    forged = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "none"}, {"sub": report["user"], "token_use": "id"}, {})
    )
    assert json.loads(drive(run, "--auth-token", forged, "--json").stdout)["statuses"] == {"401": 10}

    run.flush()
    _merge_by_the_rule(run, datetime.now(UTC))
    partitions = client("glue").get_partitions(
        DatabaseName="mydatabase", TableName="restapi_access_log_json"
    )["Partitions"]
    assert len(partitions) >= 2, "the hour of the lines, and the one that runs"
    _merge_by_the_rule(run, datetime.now(UTC))

    statement = {}
    months = {started.strftime("%Y-%m-01"), datetime.now(UTC).strftime("%Y-%m-01")}
    for month in months:
        for account, calls, size, errors, _ in ask("monthly_usage_statement", month):
            so_far = statement.get(account, (0, 0, 0))
            added = (int(calls), int(size), int(errors))
            statement[account] = tuple(a + b for a, b in zip(so_far, added, strict=True))
        in_log, in_statement, *_, missing, no_longer = ask("statement_against_log", month)[0]
        assert (in_log, missing, no_longer) == (in_statement, "0", "0")
    user = report["user"]
    assert set(statement) == {user, NOBODY, "all users"}
    assert statement[user][0] == 42
    assert statement[user][1] >= report["bytes"]
    assert statement[user][2] == 0
    assert (statement[NOBODY][0], statement[NOBODY][2]) == (13, 13)
    assert statement["all users"][0] == 55
    assert EMAIL not in "".join(
        path.read_text(errors="replace") for path in run.state.rglob("json-data/**/*") if path.is_file()
    )


def _merge_by_the_rule(run: Any, now: datetime) -> None:
    """As an hour from now, so that this hour is the one before."""
    time = (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    fired = run.command("fire-rule", RULE, "--time", time)
    assert fired.returncode == 0, fired.stdout + fired.stderr


def test_refused_password_and_a_sign_up_cut_short_leave_a_user_who_can_still_sign_in(
    run: Any, client: Client, pool: tuple[str, str]
) -> None:
    def call(email: str, password: str) -> subprocess.CompletedProcess[str]:
        who = ["--user-pool-id", pool[0], "--client-id", pool[1], "--email", email]
        return drive(run, *who, "--max-count", "1", password=password)

    refused = call("cleo@example.org", "weak")
    assert refused.returncode == 2
    assert "InvalidPasswordException" in refused.stderr
    assert call("cleo@example.org", PASSWORD).returncode == 0

    # as far as a run came that was killed before it made the password permanent
    cognito = client("cognito-idp")
    cognito.admin_create_user(UserPoolId=pool[0], Username="dan@example.org", TemporaryPassword=PASSWORD)
    finished = call("dan@example.org", PASSWORD)
    assert finished.returncode == 0, finished.stderr
