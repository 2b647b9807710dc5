"""A statement is waited for by its status, and never for longer than the run has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lambdas.saas_metering.merge_small_files.athena import LONGEST_PAUSE, TO_STOP_IN, Athena, QueryError


class FakeAthena:
    """Tells one status after the other."""

    def __init__(self, *states: str) -> None:
        self._states: Iterator[str] = iter(states)
        self.started: list[dict[str, Any]] = []
        self.stopped: list[str] = []

    def start_query_execution(self, **request: Any) -> dict[str, str]:
        self.started.append(request)
        return {"QueryExecutionId": "q-1"}

    def get_query_execution(self, **_request: Any) -> dict[str, Any]:
        state = next(self._states)
        reason = {"StateChangeReason": "HIVE_BAD_DATA"} if state == "FAILED" else {}
        return {"QueryExecution": {"Status": {"State": state, **reason}}}

    def stop_query_execution(self, **request: str) -> None:
        self.stopped.append(request["QueryExecutionId"])


def run(client: FakeAthena, *, seconds: float = 900.0) -> list[float]:
    pauses: list[float] = []
    athena = Athena(client, "group", lambda: seconds - sum(pauses), pauses.append)
    athena.run("select ?", ["1"], "db")
    return pauses


def test_end_is_told_by_the_status_and_the_pauses_grow() -> None:
    client = FakeAthena(*["QUEUED", "RUNNING"] * 4, "SUCCEEDED")
    pauses = run(client)
    assert pauses == sorted(pauses)
    assert len(pauses) == 8
    assert max(pauses) == LONGEST_PAUSE
    assert client.started == [
        {
            "QueryString": "select ?",
            "ExecutionParameters": ["1"],
            "QueryExecutionContext": {"Database": "db"},
            "WorkGroup": "group",
        }
    ]


def test_statement_that_is_done_at_once_is_not_waited_for() -> None:
    assert run(FakeAthena("SUCCEEDED")) == []


@pytest.mark.parametrize(("state", "said"), [("FAILED", "HIVE_BAD_DATA"), ("CANCELLED", "no reason given")])
def test_end_without_success_is_an_error_with_athenas_reason(state: str, said: str) -> None:
    with pytest.raises(QueryError, match=f"q-1 {state}: {said}"):
        run(FakeAthena("RUNNING", state))


def test_statement_that_never_ends_is_stopped_while_the_run_has_time_to_say_so() -> None:
    client = FakeAthena(*["RUNNING"] * 1000)
    with pytest.raises(QueryError, match="no time left"):
        run(client, seconds=60)
    assert client.stopped == ["q-1"]
    assert TO_STOP_IN > LONGEST_PAUSE
