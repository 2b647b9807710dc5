"""The query function before an Athena and an S3 of the test: what it asks, keeps and gives up."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.dashboard.query import handler
from lambdas.dashboard.query.answers import Answers
from lambdas.dashboard.query.athena import Athena
from lambdas.dashboard.query.settings import Settings

ENVIRONMENT = {
    "QUERIES_FOLDER": "sql/web_analytics/dashboard",
    "WORK_GROUP": "web-analytics-dashboard",
    "DATABASE": "web_log_iceberg_db",
    "TABLE_NAMES": "{}",
    "ANSWERS_BUCKET": "bucket",
    "ANSWERS_FOLDER": "athena-results/dashboard/answers",
    "CACHE_SECONDS": "60",
}
COLUMNS = [{"Name": "events", "Type": "bigint"}]


class FakeAthena:
    """Executions that pass through the given states; a repeated token is the same execution."""

    def __init__(self, *states: str, reason: str = "", rows: int = 1, throttled: bool = False) -> None:
        self.states = list(states) or ["SUCCEEDED"]
        self.reason, self.rows, self.throttled = reason, rows, throttled
        self.started: list[dict[str, Any]] = []

    def start_query_execution(self, **request: Any) -> dict[str, Any]:
        if self.throttled:
            raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "StartQueryExecution")
        self.started.append(request)
        return {"QueryExecutionId": request["ClientRequestToken"]}

    def get_query_execution(self, **_request: Any) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        status = {"State": state, "StateChangeReason": self.reason}
        return {"QueryExecution": {"Status": status, "Statistics": {"DataScannedInBytes": 10}}}

    def get_paginator(self, _name: str) -> Any:
        return SimpleNamespace(paginate=lambda **_request: self._pages())

    def _pages(self) -> Iterator[dict[str, Any]]:
        heads = [{"Data": [{"VarCharValue": "events"}]}]
        lines = [{"Data": [{"VarCharValue": str(number)}]} for number in range(self.rows)]
        everything = heads + lines
        for start in range(0, len(everything), 1000):
            yield {
                "ResultSet": {"ResultSetMetadata": {"ColumnInfo": COLUMNS}, "Rows": everything[start:][:1000]}
            }


class FakeS3:
    class NoSuchKey(Exception):  # noqa: N818 (boto3's name)
        pass

    exceptions = SimpleNamespace(NoSuchKey=NoSuchKey)

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get_object(self, **request: str) -> dict[str, Any]:
        place = f"{request['Bucket']}/{request['Key']}"
        if place not in self.objects:
            raise self.NoSuchKey
        return {"Body": io.BytesIO(self.objects[place])}

    def put_object(self, **request: Any) -> None:
        assert request["ContentType"] == "application/json"
        self.objects[f"{request['Bucket']}/{request['Key']}"] = request["Body"]


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", lambda: clock.now)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


class Function:
    """The handler with fakes behind it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, athena: FakeAthena) -> None:
        self.athena, self.s3 = athena, FakeS3()
        settings = Settings.load(ENVIRONMENT)
        asked = Athena(athena, work_group=settings.work_group, database=settings.database)
        kept = Answers(self.s3, settings.answers_bucket, settings.answers_folder)
        for name, value in (("settings", settings), ("athena", asked), ("answers", kept)):
            monkeypatch.setattr(handler, name, lambda value=value: value)
        handler.queries.cache_clear()

    def get(self, name: str = "totals", end: str = "2026-11-30", seconds: float = 28) -> tuple[int, Any]:
        event = {
            "pathParameters": {"name": name},
            "queryStringParameters": {"start": "2026-11-01", "end": end},
        }
        context = SimpleNamespace(
            aws_request_id="1", get_remaining_time_in_millis=lambda: int(seconds * 1000)
        )
        answer = handler.lambda_handler(event, context)
        assert answer["headers"]["Cache-Control"] == "no-store"
        return answer["statusCode"], json.loads(answer["body"])


def test_question_is_asked_once_and_its_answer_kept(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    function = Function(monkeypatch, FakeAthena("QUEUED", "RUNNING", "SUCCEEDED"))
    status, first = function.get()
    assert (status, first["columns"], first["rows"]) == (200, ["events"], [[0]])
    assert function.get() == (200, first)
    (request,) = function.athena.started
    assert request["WorkGroup"] == "web-analytics-dashboard"
    assert request["QueryExecutionContext"] == {"Database": "web_log_iceberg_db"}
    assert request["ExecutionParameters"] == ["'2026-11-01'", "'2026-12-01'"]
    assert "2026" not in request["QueryString"]
    (key,) = function.s3.objects
    assert key.startswith("bucket/athena-results/dashboard/answers/")


def test_answer_is_asked_for_anew_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    function = Function(monkeypatch, FakeAthena())
    function.get()
    clock.sleep(60)
    function.get()
    assert len(function.athena.started) == 2


def test_other_period_is_another_question(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    function = Function(monkeypatch, FakeAthena())
    function.get()
    function.get(end="2026-11-29")
    tokens = {request["ClientRequestToken"] for request in function.athena.started}
    assert len(tokens) == 2


def test_who_asks_while_a_query_runs_waits_for_the_same_one(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    function = Function(monkeypatch, FakeAthena("RUNNING"))
    status, answer = function.get(seconds=10)
    assert status == 504
    assert answer["message"] == "The query is still running; ask again in a moment"
    function.athena.states = ["SUCCEEDED"]
    assert function.get()[0] == 200
    one, other = function.athena.started
    assert one["ClientRequestToken"] == other["ClientRequestToken"]
    assert function.s3.objects


def test_waiting_ends_before_the_function_does(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    started = clock.now
    Function(monkeypatch, FakeAthena("RUNNING")).get(seconds=28)
    assert 15 < clock.now - started <= 28 - handler.SPARE_SECONDS


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_failed_query_is_told_and_not_kept(monkeypatch: pytest.MonkeyPatch, clock: Clock, state: str) -> None:
    function = Function(monkeypatch, FakeAthena(state, reason="SYNTAX_ERROR: no"))
    status, answer = function.get()
    assert (status, answer["code"]) == (502, "NO_ANSWER")
    assert answer["message"] == f"The query {state.lower()}: SYNTAX_ERROR: no"
    assert function.s3.objects == {}
    clock.sleep(60)
    function.athena.states = ["SUCCEEDED"]
    assert function.get()[0] == 200


def test_table_that_is_not_there_yet_is_no_failure(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    reason = "TABLE_NOT_FOUND: line 1:1: Table 'a.b.firehose' does not exist"
    status, answer = Function(monkeypatch, FakeAthena("FAILED", reason=reason)).get()
    assert (status, answer["code"]) == (404, "NO_TABLE_YET")


def test_throttled_athena_is_told(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    status, answer = Function(monkeypatch, FakeAthena(throttled=True)).get()
    assert (status, answer["message"]) == (503, "Athena has too much to do at the moment; ask again soon")


def test_result_of_many_pages_is_read_whole(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    status, answer = Function(monkeypatch, FakeAthena(rows=2500)).get()
    assert (status, answer["rows"]) == (200, [[number] for number in range(2500)])


def test_result_that_no_page_can_show_is_refused(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    status, answer = Function(monkeypatch, FakeAthena(rows=20_001)).get()
    assert (status, answer["message"]) == (502, "The query has more than 20000 rows")


def test_what_is_no_question_never_reaches_athena(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    function = Function(monkeypatch, FakeAthena())
    assert function.get(name="../secrets")[0] == 404
    assert function.get(end="yesterday")[0] == 400
    assert function.athena.started == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE", ""),
        ("CACHE_SECONDS", "soon"),
        ("TABLE_NAMES", "[]"),
        ("TABLE_NAMES", "{"),
        ("TABLE_NAMES", '{"a": 1}'),
    ],
)
def test_setting_that_cannot_be_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"environment variable {name}: must be"):
        Settings.load({**ENVIRONMENT, name: value})
