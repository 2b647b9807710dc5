"""StartQuery: what Athena is asked, and what the next states get."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from lambdas.event_reporting.period import Period
from lambdas.event_reporting.start_query.logic import parameters, query_request, started

ROOT = Path(__file__).parents[4]
OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
EXECUTION = "arn:aws:states:eu-west-1:111122223333:execution:event-report-dev-reporting:report-1"


def test_dates_are_bound_and_not_pasted_into_the_statement() -> None:
    request = query_request(OCTOBER, "select ?", execution=EXECUTION, database="d", work_group="w")
    assert request["QueryString"] == "select ?"
    assert request["ExecutionParameters"] == ["'2026-08-31'", "'2026-09-01'", "'2026-11-01'", "'2026-10-01'"]
    assert request["QueryExecutionContext"] == {"Database": "d"}
    assert request["WorkGroup"] == "w"


def test_statement_has_a_place_for_each_parameter() -> None:
    sql = (ROOT / "sql" / "event_reporting" / "jobs" / "report.sql").read_text()
    without_comments = re.sub(r"--.*", "", sql)
    assert without_comments.count("?") == len(parameters(OCTOBER))


def test_second_try_of_an_execution_has_the_same_token_and_another_execution_has_not() -> None:
    def token(execution: str) -> str:
        request = query_request(OCTOBER, "select ?", execution=execution, database="d", work_group="w")
        return str(request["ClientRequestToken"])

    assert token(EXECUTION) == token(EXECUTION)
    assert token(EXECUTION) != token(f"{EXECUTION}-2")
    assert 32 <= len(token(EXECUTION)) <= 128


def test_next_states_know_the_query_and_both_periods() -> None:
    assert started(OCTOBER, "q-1", checks=60) == {
        "queryExecutionId": "q-1",
        "startDate": "2026-10-01",
        "endDate": "2026-10-31",
        "startDateBefore": "2026-09-01",
        "endDateBefore": "2026-09-30",
        "checksLeft": 60,
    }
