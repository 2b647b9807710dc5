"""Parameters of a statement, and stopping one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from local_runtime.athena.engine import Athena
from local_runtime.athena.execution import Cancellation
from local_runtime.athena.result import QueryError

Ask = Callable[..., list[tuple[Any, ...]]]


def test_parameters_stand_for_the_question_marks_in_order(ask: Ask) -> None:
    sql = "select ?, x from (select '?' || ? as x) where 1 = ? -- ?\n limit ?"
    assert ask(sql, parameters=["DATE '2026-11-20'", "'it''s'", "-1 + 2", "5"]) == [
        (date(2026, 11, 20), "?it's")
    ]


@pytest.mark.parametrize(
    ("sql", "parameters", "message"),
    [
        (
            "select ?",
            [],
            "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 1 but found 0",
        ),
        ("select 1", ["1"], "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 0"),
        ("select ?", ["text"], "INVALID_PARAMETER_USAGE: parameter 1 must be a value (got 'text')"),
        ("select ?", ["(select 1)"], "INVALID_PARAMETER_USAGE: parameter 1 must be a value"),
        ("select ?", ["1 +"], "SYNTAX_ERROR: parameter 1 is no expression: '1 +'"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(
    ask: Ask, sql: str, parameters: list[str], message: str
) -> None:
    with pytest.raises(QueryError) as failed:
        ask(sql, parameters=parameters)
    assert str(failed.value).startswith(message)


def test_running_query_stops_when_it_is_cancelled(empty_athena: Athena) -> None:
    cancellation = Cancellation()
    threading.Timer(0.2, cancellation.cancel).start()
    started = time.monotonic()
    with pytest.raises(QueryError) as failed:
        empty_athena.execute(
            "select count(*) from unnest(sequence(1, 1000000)) as a (x), "
            "unnest(sequence(1, 1000000)) as b (y) "
            "where x * y % 7 = 3",
            cancellation=cancellation,
        )
    assert failed.value.code == "QUERY_CANCELLED"
    assert time.monotonic() - started < 10


def test_query_that_was_cancelled_before_does_not_start(empty_athena: Athena) -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(QueryError, match="QUERY_CANCELLED"):
        empty_athena.execute("select 1", cancellation=cancellation)
