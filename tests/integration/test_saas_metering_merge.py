"""The merge in the local run: nothing that happens to it loses a line or counts one twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from lambdas.saas_metering.merge_small_files.athena import QueryError
from lambdas.saas_metering.merge_small_files.logic import GRACE
from lambdas.saas_metering.merge_small_files.merge import Outcome, RestlessHourError
from tests.conftest import ROOT
from tests.integration.saas_metering_log import BUCKET, ENVIRONMENT, RULE, Client, Log, clients


@pytest.fixture(scope="module")
def run(start_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with start_run(tmp_path_factory.mktemp("merge"), "--interval", "600", system="saas_metering") as running:
        yield running


@pytest.fixture(scope="module")
def client(run: Any) -> Client:
    return clients(run.url)


@pytest.fixture(scope="module")
def log(client: Client) -> Log:
    return Log.of(client)


def test_function_that_could_not_merge_an_hour_fails_and_merges_the_others(client: Client, log: Log) -> None:
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


def test_function_called_twice_at_the_same_time_counts_each_request_once(log: Log, client: Client) -> None:
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


# The handler, in a process that SIGKILL ends once a step of it is done: nothing of it runs any more.
KILLED = """
import os, signal, sys
from lambdas.saas_metering.merge_small_files import athena, catalog, handler
from types import SimpleNamespace

def killed_after(part, method):
    done = getattr(part, method)
    def step(*arguments):
        done(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(part, method, step)

killed_after(*{"query": (athena.Athena, "_status"), "swap": (catalog.Table, "set_hour")}[sys.argv[1]])
context = SimpleNamespace(
    function_name="merge", aws_request_id="r", get_remaining_time_in_millis=lambda: 900_000
)
handler.lambda_handler({"hours": [sys.argv[2]]}, context)
"""


@pytest.mark.parametrize(("step", "in_place"), [("query", False), ("swap", True)])
def test_process_killed_half_way_leaves_the_old_data_or_the_new_and_the_function_mends_it(
    run: Any, log: Log, client: Client, step: str, in_place: bool
) -> None:
    hour, function = log.hour(), client("lambda")
    log.put(hour, "a", ["1"])
    log.merge().bring_up_to_date(hour)
    log.put(hour, "late", ["2"])
    variables = function.get_function_configuration(FunctionName=RULE)["Environment"]["Variables"]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, step, str(hour)],
        env={**os.environ, **variables, **ENVIRONMENT, "AWS_ENDPOINT_URL": run.url},
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert log.merged(hour) == (["1", "2"] if in_place else ["1"])
    answer = function.invoke(FunctionName=RULE, Payload=json.dumps({"hours": [str(hour)]}))
    assert json.load(answer["Payload"]) == {"unchanged" if in_place else "merged": [str(hour)]}
    assert log.merged(hour) == ["1", "2"]
    # In Athena the killed run's query may go on: its table and folder wait until nobody can be using them.
    log.merge().sweep([hour], datetime.now(UTC) + GRACE + timedelta(minutes=1))
    assert (len(log.folders(hour)), log.tables()) == (1, [])
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


def test_raw_log_that_expired_does_not_take_the_merged_hour_along(log: Log, client: Client) -> None:
    hour, merge = log.hour(), log.merge()
    log.put(hour, "a", ["1"])
    merge.bring_up_to_date(hour)
    log.s3.delete_object(Bucket=BUCKET, Key=log.key(hour, "a"))
    assert merge.bring_up_to_date(hour) is Outcome.EMPTY
    assert log.merged(hour) == ["1"]


def test_hour_of_which_a_part_has_expired_is_merged_with_what_was_merged_before(log: Log) -> None:
    hour, merge = log.hour(), log.merge()
    log.put(hour, "a", ["1", "2"])
    log.put(hour, "b", ["3"])
    merge.bring_up_to_date(hour)
    log.s3.delete_object(Bucket=BUCKET, Key=log.key(hour, "a"))
    assert merge.bring_up_to_date(hour) is Outcome.MERGED
    assert log.merged(hour) == ["1", "2", "3"]
    log.put(hour, "late", ["3", "4"])
    assert merge.bring_up_to_date(hour) is Outcome.MERGED
    assert log.merged(hour) == ["1", "2", "3", "4"]
