"""The report when something fails: its real state machine and handlers, and services that fail when told to.

However it ends, people hear of it, and no query goes on that nobody waits for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly import Assembly, load_assembly
from tests.faults.report import OCTOBER, TOTALS, ReportWorld

POLL = ["GetQueryStatus", "CheckQueryStatus"]
CHECKS = 60  # half an hour, every 30 s
TRIES = 7


@pytest.fixture(scope="module")
def room(assembly_of: Callable[[str], Path]) -> Assembly:
    return load_assembly(assembly_of("event_reporting"))


@pytest.fixture
def world(room: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReportWorld]:
    world = ReportWorld(room, tmp_path, monkeypatch)
    yield world
    world.close()


def test_finished_query_is_mailed(world: ReportWorld) -> None:
    ended = world.report()
    assert ended.status == "SUCCEEDED"
    assert world.path(ended) == ["StartQuery", *POLL, "SendReport", "Done"]
    assert world.mail.startswith("Event report: 2026-10-01 to 2026-10-31 (UTC)\n")
    assert json.loads(str(ended.output)) == {"messageId": "message-1"}


def test_query_that_waits_and_runs_is_looked_at_again(world: ReportWorld) -> None:
    world.athena.script = ["QUEUED", "RUNNING", "RUNNING", "SUCCEEDED"]
    ended = world.report()
    assert world.path(ended) == ["StartQuery", *[*POLL, "Wait"] * 3, *POLL, "SendReport", "Done"]
    assert len(world.sns.mails) == 1


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_query_that_fails_is_mailed_with_athenas_reason(world: ReportWorld, state: str) -> None:
    world.athena.script, world.athena.reason = ["RUNNING", state], "HIVE_BAD_DATA: a file is broken"
    ended = world.report()
    assert world.path(ended) == [
        *["StartQuery", *POLL, "Wait", *POLL],
        *["QueryFailed", "ReportFailure", "Failed"],
    ]
    assert (ended.status, ended.error) == ("FAILED", "QueryFailed")
    assert f"Athena says {state} of the query query-1: HIVE_BAD_DATA: a file is broken" in world.mail
    assert world.athena.stopped == []


def test_query_cancelled_without_a_reason_is_mailed_too(world: ReportWorld) -> None:
    world.athena.script = ["CANCELLED"]
    assert world.report().status == "FAILED"
    assert "Athena gave no reason." in world.mail


def test_state_that_athena_does_not_have_yet_is_a_failure(world: ReportWorld) -> None:
    world.athena.script = ["PAUSED"]
    assert world.report().error == "QueryFailed"
    assert "Athena says PAUSED" in world.mail


def test_query_that_never_ends_is_stopped_after_the_last_check(world: ReportWorld) -> None:
    world.athena.script = ["QUEUED", "RUNNING"]
    ended = world.report()
    assert (ended.status, ended.error) == ("FAILED", "QueryTimedOut")
    path = world.path(ended)
    assert path.count("GetQueryStatus") == CHECKS
    assert path.count("Wait") == CHECKS - 1
    assert path[-5:] == ["QueryTimedOut", "StopQuery", "WhyStopped", "ReportFailure", "Failed"]
    assert world.athena.stopped == ["query-1"]
    assert "QueryTimedOut: The query query-1 was still RUNNING at the last check" in world.mail


def test_query_that_cannot_be_stopped_is_mailed_with_the_first_reason(world: ReportWorld) -> None:
    world.athena.script = ["RUNNING"]
    world.athena.fail("stop", "InternalServerException", 99)
    ended = world.report()
    assert ended.error == "QueryTimedOut"
    assert world.athena.calls["stop"] == 4
    assert "QueryTimedOut: " in world.mail


def test_query_whose_state_cannot_be_read_is_stopped(world: ReportWorld) -> None:
    world.athena.fail("check", "InternalServerException", 99)
    ended = world.report()
    assert world.path(ended) == [
        *["StartQuery", "GetQueryStatus", "StopQuery", "WhyStopped", "ReportFailure", "Failed"]
    ]
    assert world.athena.calls["check"] == TRIES
    assert world.athena.stopped == ["query-1"]
    assert "InternalServerException as it was told" in world.mail


def test_throttled_start_is_tried_again_under_one_token(world: ReportWorld) -> None:
    world.athena.fail("start", "TooManyRequestsException", 3)
    ended = world.report()
    assert ended.status == "SUCCEEDED"
    assert len(world.athena.tokens) == 4
    assert len(set(world.athena.tokens)) == 1
    assert len(world.sns.mails) == 1


def test_start_that_is_throttled_for_ever_is_mailed(world: ReportWorld) -> None:
    world.athena.fail("start", "TooManyRequestsException", 99)
    ended = world.report()
    assert world.path(ended) == ["StartQuery", "ReportFailure", "Failed"]
    assert world.athena.calls["start"] == TRIES
    assert "TooManyRequestsException as it was told" in world.mail


@pytest.mark.parametrize(
    "document",
    [{}, [], "2026-10", None, 7, {"startDate": "2026-10-31", "endDate": "2026-10-01"}, {"startDate": "x"}],
)
def test_bad_input_is_mailed_at_once_and_asks_athena_nothing(world: ReportWorld, document: Any) -> None:
    ended = world.report(document)
    assert world.path(ended) == ["StartQuery", "ReportFailure", "Failed"]
    assert (ended.status, ended.error) == ("FAILED", "InvalidPeriodError")
    assert "Why:        InvalidPeriodError: " in world.mail
    assert f"Asked for:  {json.dumps(document)}\n" in world.mail
    assert world.athena.calls == {}


def test_mail_is_tried_again(world: ReportWorld) -> None:
    world.sns.fail("publish", "ThrottledException", 2)
    ended = world.report()
    assert ended.status == "SUCCEEDED"
    assert world.sns.calls["publish"] == 3
    assert len(world.sns.mails) == 1


def test_mail_that_cannot_be_sent_fails_the_execution_which_the_alarm_tells(world: ReportWorld) -> None:
    world.sns.fail("publish", "AuthorizationErrorException", 99)
    ended = world.report()
    assert world.path(ended) == ["StartQuery", *POLL, "SendReport", "ReportFailure", "Failed"]
    assert (ended.status, ended.error) == ("FAILED", "ClientError")
    assert world.sns.calls["publish"] == 2 * TRIES
    assert world.sns.mails == []


def test_result_that_is_none_of_the_query_is_mailed_as_a_failure(world: ReportWorld) -> None:
    world.athena.rows = [TOTALS, TOTALS]
    ended = world.report()
    assert (ended.status, ended.error) == ("FAILED", "ValueError")
    assert "ValueError: the query's result must have one row of totals (got 2)" in world.mail


def test_schedule_reports_the_month_before(world: ReportWorld) -> None:
    answer = world.schedule("2026-11-01T08:00:00Z")
    assert answer.function_error is None
    (execution,) = world.executions
    assert json.loads(execution.input) == OCTOBER
    assert execution.status == "SUCCEEDED"


def test_event_that_comes_twice_gives_one_report(world: ReportWorld) -> None:
    first, second = world.schedule(), world.schedule()
    assert json.loads(first.payload) == {"execution": "report-2026-10-01-2026-10-31", "started": True}
    assert json.loads(second.payload) == {"execution": "report-2026-10-01-2026-10-31", "started": False}
    assert second.function_error is None
    assert len(world.executions) == len(world.sns.mails) == 1


def test_next_months_event_gives_the_next_report(world: ReportWorld) -> None:
    world.schedule("2026-11-01T08:00:00Z")
    world.schedule("2026-12-01T08:00:00Z")
    assert [execution.name for execution in world.executions] == [
        "report-2026-11-01-2026-11-30",
        "report-2026-10-01-2026-10-31",
    ]


def test_event_without_a_time_fails_so_that_it_is_kept(world: ReportWorld) -> None:
    assert world.schedule("soon").function_error == "Unhandled"
    assert world.executions == []


def test_no_log_line_has_what_the_events_said(world: ReportWorld, capsys: pytest.CaptureFixture[str]) -> None:
    world.athena.rows = [TOTALS, ["user", "1", "anna@example.org", "1", "1", "1", "1", "1", "1"]]
    world.report()
    assert "anna@example.org" in world.mail
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines] == ["query started", "query checked", "mail published"]
    assert "anna" not in json.dumps(lines)
