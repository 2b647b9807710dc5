"""saas_metering in the local run: from signing up to the statement, and a merge that nothing can spoil."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import boto3
import pytest

from lambdas.saas_metering.merge_small_files.athena import Athena, QueryError
from lambdas.saas_metering.merge_small_files.bucket import Bucket
from lambdas.saas_metering.merge_small_files.catalog import Table
from lambdas.saas_metering.merge_small_files.logic import GRACE, Hour, Run
from lambdas.saas_metering.merge_small_files.merge import Merge, Outcome, RestlessHourError
from src.utils.aws.athena import Athena as Queries
from src.utils.aws.athena import text_literal
from stacks.saas_metering.access_log import FIELDS
from tests.conftest import ROOT

SQL = ROOT / "sql" / "saas_metering"
BUCKET = "apigw-access-log-to-firehose-us-east-1-123456789012"
RULE = "restapi-access-log-merge-small-files"
EMAIL, PASSWORD = "ann@example.org", "Correct-horse-7-battery"
NOBODY = "-"
CLIENT = {
    "region_name": "us-east-1",
    "aws_access_key_id": "local",
    "aws_secret_access_key": "local",
}


@pytest.fixture(scope="module")
def run(start_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with start_run(
        tmp_path_factory.mktemp("metering"), "--interval", "600", system="saas_metering"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def client(run: Any) -> Callable[[str], Any]:
    return lambda service: boto3.client(service, endpoint_url=run.url, **CLIENT)


@pytest.fixture(scope="module")
def ask(client: Any) -> Callable[..., list[tuple[str | None, ...]]]:
    """A query of `sql/saas_metering/queries` by its name, or any SQL, in the work group."""
    athena = Queries(client("athena"), "mydatabase", None, "SaaSMeteringDemo")

    def ask(sql: str, *parameters: str) -> list[tuple[str | None, ...]]:
        file = SQL / "queries" / f"{sql}.sql"
        text = file.read_text() if " " not in sql else sql
        return list(athena.query(text, [text_literal(value) for value in parameters]).rows)

    return ask


# From the first request to the statement


@pytest.fixture(scope="module")
def pool(client: Any) -> tuple[str, str]:
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
    run: Any, client: Any, pool: tuple[str, str], ask: Any
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


def test_function_that_could_not_merge_an_hour_fails_and_merges_the_others(
    run: Any, client: Any, ask: Any, log: Log
) -> None:
    good, bad = log.hour(), log.hour()
    log.put(good, "a", ["g1"])
    client("s3").put_object(Bucket=BUCKET, Key=log.key(bad, "a"), Body=b"{no json\n")
    payload = json.dumps({"hours": [str(bad), str(good)]})
    answer = client("lambda").invoke(FunctionName=RULE, Payload=payload)
    assert answer["FunctionError"] == "Unhandled"
    error = json.load(answer["Payload"])
    assert error["errorType"] == "MergeFailedError"
    assert str(bad) in error["errorMessage"]
    assert str(good) not in error["errorMessage"]
    assert log.merged(good) == ["g1"]


def test_function_called_twice_at_the_same_time_counts_each_request_once(log: Log, client: Any) -> None:
    hour = log.hour()
    log.put(hour, "a", ["1", "2"])
    payload = json.dumps({"hours": [str(hour)]})
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(lambda _: client("lambda").invoke(FunctionName=RULE, Payload=payload), range(2))
        )
    assert ["FunctionError" in answer for answer in answers] == [False, False]
    assert log.merged(hour) == ["1", "2"]


# The merge, its steps interrupted


class Killed(BaseException):
    """What no `except Exception` catches: the process is gone."""


@dataclass
class Log:
    """Hours of their own for each test, their lines, and what is merged of them."""

    s3: Any
    glue: Any
    athena: Any
    ask: Any
    hours: Iterator[int]

    def hour(self) -> Hour:
        return Hour(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=next(self.hours)))

    def key(self, hour: Hour, name: str) -> str:
        return f"json-data/{hour.folder}/{name}"

    def put(self, hour: Hour, name: str, ids: list[str]) -> None:
        lines = []
        for number, id in enumerate(ids):
            line = {field.name: "-" for field in FIELDS}
            time = int(hour.start.timestamp() * 1000) + number
            lines.append(json.dumps({**line, "requestId": id, "requestTime": str(time), "status": "200"}))
        body = "".join(f"{line}\n" for line in lines).encode()
        self.s3.put_object(Bucket=BUCKET, Key=self.key(hour, name), Body=body)

    def merged(self, hour: Hour) -> list[str]:
        where = " and ".join(
            f"{key} = {value}"
            for key, value in zip(("year", "month", "day", "hour"), hour.parameters, strict=True)
        )
        rows = self.ask(f"select requestid from mydatabase.restapi_access_log_parquet where {where}")
        return sorted(id for (id,) in rows)

    def merge(self) -> Merge:
        return Merge(
            log=Table(self.glue, "mydatabase", "restapi_access_log_json"),
            merged=Table(self.glue, "mydatabase", "restapi_access_log_parquet"),
            bucket=Bucket(self.s3, BUCKET, "json-data", "parquet-data"),
            athena=Athena(self.athena, "SaaSMeteringDemo", lambda: 900, threading.Event().wait),
            sql=(SQL / "jobs" / "merge_hour.sql").read_text(),
            columns=tuple(field.column for field in FIELDS),
            new_run=lambda: Run(datetime.now(UTC), uuid.uuid4().hex[:12]),
        )

    def folders(self, hour: Hour) -> set[str]:
        return self.merge().bucket.merged_folders(hour)

    def tables(self) -> list[str]:
        return [name for name in self.merge().merged.tables_beside() if "_tmp_" in name]


@pytest.fixture(scope="module")
def log(client: Any, ask: Any) -> Log:
    return Log(client("s3"), client("glue"), client("athena"), ask, count())


@dataclass(frozen=True)
class After:
    """A part of the merge that does something of a test's once a method of it has done its own."""

    part: Any
    method: str
    then: Callable[[], object]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.part, name)
        if name != self.method:
            return found

        def call(*arguments: Any) -> Any:
            result = found(*arguments)
            self.then()
            return result

        return call


def kill() -> None:
    raise Killed


def test_merged_twice_is_merged_once(log: Log) -> None:
    hour, merge = log.hour(), log.merge()
    log.put(hour, "a", ["1", "2"])
    log.put(hour, "b", ["2", "3"])  # delivered twice
    assert merge.bring_up_to_date(hour) is Outcome.MERGED
    location = merge.merged.location(hour)
    assert merge.bring_up_to_date(hour) is Outcome.UNCHANGED
    assert merge.merged.location(hour) == location
    assert log.merged(hour) == ["1", "2", "3"]
    assert log.tables() == []


def test_hour_without_lines_is_left_alone(log: Log) -> None:
    hour = log.hour()
    assert log.merge().bring_up_to_date(hour) is Outcome.EMPTY
    assert log.merge().log.location(hour) is None


def test_values_get_their_types_and_a_missing_one_is_null(log: Log) -> None:
    hour = log.hour()
    log.put(hour, "a", ["t1"])
    log.merge().bring_up_to_date(hour)
    ((time, status, length, kind),) = log.ask(
        "select requesttime, status, responselength, typeof(requesttime) from "
        "mydatabase.restapi_access_log_parquet where requestid = 't1'"
    )
    assert time.startswith(hour.start.strftime("%Y-%m-%d %H:%M:%S.000"))
    assert (status, length) == ("200", None)
    assert kind.startswith("timestamp")
    assert "zone" not in kind


def test_late_lines_are_merged_by_the_next_run(log: Log) -> None:
    hour = log.hour()
    log.put(hour, "a", ["1"])
    log.merge().bring_up_to_date(hour)
    log.put(hour, "late", ["2"])
    assert log.merge().bring_up_to_date(hour) is Outcome.MERGED
    assert log.merged(hour) == ["1", "2"]


def test_two_runs_at_the_same_time_give_each_request_once(log: Log) -> None:
    hour = log.hour()
    log.put(hour, "a", ["1", "2"])
    both_have_written = threading.Barrier(2, timeout=30)
    outcomes = []

    def work() -> None:
        merge = log.merge()
        waiting = replace(merge, athena=After(merge.athena, "run", both_have_written.wait))
        outcomes.append(waiting.bring_up_to_date(hour))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes == [Outcome.MERGED, Outcome.MERGED]
    assert log.merged(hour) == ["1", "2"]
    assert len(log.folders(hour)) == 2, "each wrote its own"
    assert log.tables() == []


def test_slow_run_that_knew_fewer_lines_does_not_have_the_last_word(log: Log) -> None:
    hour, slow = log.hour(), log.merge()
    log.put(hour, "a", ["1"])
    overtaken = []

    def overtake() -> None:
        if not overtaken:
            overtaken.append(hour)
            log.put(hour, "late", ["2"])
            assert log.merge().bring_up_to_date(hour) is Outcome.MERGED

    assert replace(slow, athena=After(slow.athena, "run", overtake)).bring_up_to_date(hour) is Outcome.MERGED
    assert log.merged(hour) == ["1", "2"]


@pytest.mark.parametrize(
    ("part", "method", "in_place"),
    [
        ("log", "add_hour", False),
        ("athena", "run", False),
        ("merged", "set_hour", True),
        ("merged", "drop", True),
    ],
)
def test_killed_run_leaves_the_old_data_or_the_new_and_the_next_one_mends_it(
    log: Log, part: str, method: str, in_place: bool
) -> None:
    hour, merge = log.hour(), log.merge()
    log.put(hour, "a", ["1"])
    merge.bring_up_to_date(hour)
    log.put(hour, "late", ["2"])
    with pytest.raises(Killed):
        replace(merge, **{part: After(getattr(merge, part), method, kill)}).bring_up_to_date(hour)
    assert log.merged(hour) == (["1", "2"] if in_place else ["1"])
    assert merge.bring_up_to_date(hour) is (Outcome.UNCHANGED if in_place else Outcome.MERGED)
    assert log.merged(hour) == ["1", "2"]

    merge.sweep([hour], datetime.now(UTC))
    assert len(log.folders(hour)) > 1, "a query may still be reading them"
    merge.sweep([hour], datetime.now(UTC) + GRACE + timedelta(seconds=1))
    assert len(log.folders(hour)) == 1
    assert log.tables() == []
    assert log.merged(hour) == ["1", "2"]


def test_failed_query_leaves_the_old_data_readable_and_the_hour_to_the_next_run(log: Log) -> None:
    hour, merge = log.hour(), log.merge()
    log.put(hour, "a", ["1"])
    merge.bring_up_to_date(hour)
    log.s3.put_object(Bucket=BUCKET, Key=log.key(hour, "broken"), Body=b"{no json\n")
    with pytest.raises(QueryError, match="FAILED: HIVE"):
        merge.bring_up_to_date(hour)
    assert log.merged(hour) == ["1"]
    log.put(hour, "broken", ["2"])
    assert merge.bring_up_to_date(hour) is Outcome.MERGED
    assert log.merged(hour) == ["1", "2"]


def test_hour_that_never_comes_to_rest_is_given_up_and_holds_what_was_there(log: Log) -> None:
    hour, merge = log.hour(), log.merge()
    log.put(hour, "a", ["1"])
    more = count(2)
    restless = After(merge.athena, "run", lambda: log.put(hour, f"f{next(more)}", [f"{next(more)}"]))
    with pytest.raises(RestlessHourError):
        replace(merge, athena=restless).bring_up_to_date(hour)
    assert "1" in log.merged(hour)


def test_raw_log_that_expired_does_not_take_the_merged_hour_along(log: Log, client: Any) -> None:
    hour, merge = log.hour(), log.merge()
    log.put(hour, "a", ["1"])
    merge.bring_up_to_date(hour)
    log.s3.delete_object(Bucket=BUCKET, Key=log.key(hour, "a"))
    assert merge.bring_up_to_date(hour) is Outcome.EMPTY
    assert log.merged(hour) == ["1"]
