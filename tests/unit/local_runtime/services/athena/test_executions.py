"""The history of queries: idempotent, ordered, kept over restarts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_runtime.errors import AwsError
from local_runtime.services.athena.executions import (
    CANCELLED,
    FAILED,
    RUNNING,
    SUCCEEDED,
    ExecutionStore,
    QueryExecution,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExecutionStore]:
    opened = ExecutionStore(tmp_path / "athena.db")
    yield opened
    opened.close()


def execution(execution_id: str, query: str = "SELECT 1", token: str | None = None) -> QueryExecution:
    return QueryExecution(
        execution_id, query, "SELECT", "DML", "primary", "s3://b/x.csv", 1000.0, token=token
    )


def test_the_same_token_is_the_same_execution(store: ExecutionStore) -> None:
    first = store.add(execution("1", token="t"))
    assert store.add(execution("2", token="t")).id == first.id
    assert store.add(execution("3")).id == "3"
    with pytest.raises(AwsError, match="Idempotent parameters do not match"):
        store.add(execution("4", "SELECT 2", token="t"))


def test_an_execution_that_is_over_stays_as_it_is(store: ExecutionStore) -> None:
    one = store.add(execution("1"))
    assert store.update(one, state=CANCELLED, completed=1001.0)
    assert not store.update(one, state=SUCCEEDED)
    found = store.find("1")
    assert found is not None and found.state == CANCELLED


def test_the_newest_come_first(store: ExecutionStore) -> None:
    for number in range(5):
        store.add(execution(str(number)))
    assert [key for _, key in store.ids("primary", None, 2)] == ["4", "3"]
    assert [key for _, key in store.ids("primary", 4, 9)] == ["2", "1", "0"]
    assert store.ids("other", None, 9) == []


def test_what_a_killed_run_left_fails_when_the_next_one_starts(tmp_path: Path) -> None:
    store = ExecutionStore(tmp_path / "athena.db")
    done, running = store.add(execution("1")), store.add(execution("2"))
    store.update(done, state=SUCCEEDED, completed=1001.0)
    store.update(running, state=RUNNING, started=1000.5)
    store.close()

    again = ExecutionStore(tmp_path / "athena.db")
    again.fail_unfinished(2000.0)
    states = {key: again.find(key) for key in ("1", "2")}
    assert [item.state for item in states.values() if item is not None] == [SUCCEEDED, FAILED]
    assert states["2"] is not None
    assert "start the query again" in states["2"].to_api()["Status"]["StateChangeReason"]
    again.close()


def test_an_execution_shows_as_athena_shows_it() -> None:
    shown = execution("1")
    shown.state, shown.started, shown.completed, shown.engine_millis = SUCCEEDED, 1000.25, 1001.5, 1200
    shown.database = "db"

    answer = shown.to_api()
    assert answer["QueryExecutionContext"] == {"Database": "db"}
    assert answer["Status"] == {
        "State": SUCCEEDED,
        "SubmissionDateTime": 1000.0,
        "CompletionDateTime": 1001.5,
    }
    statistics = answer["Statistics"]
    assert statistics["QueryQueueTimeInMillis"] == 250
    assert statistics["TotalExecutionTimeInMillis"] == 1500
    assert statistics["EngineExecutionTimeInMillis"] == 1200
