"""What may be asked of a dashboard's query function, the values it binds, and the answer that it writes."""

from __future__ import annotations

import json
from datetime import date

import pytest

from lambdas.dashboard.query.logic import (
    Period,
    Question,
    QuestionError,
    answer_text,
    ask,
    read_rows,
    with_table_names,
)

QUERIES = {"totals": "select count(*) from log where at >= ? and at < ?"}
DAYS = {"start": "2026-11-01", "end": "2026-11-30"}


def test_question_is_a_known_query_over_whole_days() -> None:
    question = ask("totals", DAYS, QUERIES)
    assert question.period == Period(date(2026, 11, 1), date(2026, 11, 30))
    assert question.parameters == ["'2026-11-01'", "'2026-12-01'"]


def test_every_pair_of_places_gets_the_period() -> None:
    sql = "select '?' -- how many?\nfrom log where day between ? and ? and text <> 'it''s ?'"
    sql += " and at >= ? and at < ?"
    question = ask("q", DAYS, {"q": sql})
    assert question.parameters == ["'2026-11-01'", "'2026-12-01'"] * 2


def test_unknown_query_is_not_found() -> None:
    with pytest.raises(QuestionError, match="there is no query 'drop'; there are totals") as refused:
        ask("drop", DAYS, QUERIES)
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": ""}, "start must be a date such as 2026-11-30 (got '')"),
        ({"start": "2026-11-1"}, "start must be a date"),
        ({"start": "20261101"}, "start must be a date"),
        ({"end": "2026-02-30"}, "end must be a date"),
        ({"end": "9999-12-31"}, "end must be a date"),
        ({"end": "2026-11-30' or 1=1 --"}, "end must be a date"),
        ({"end": "２０２６-11-30"}, "end must be a date"),
        ({"end": "2026-10-31"}, "end must not be before start (got 2026-11-01 to 2026-10-31)"),
        ({"start": "2025-01-01"}, "the period must not be longer than 366 days (got 699)"),
    ],
)
def test_period_that_is_none_is_refused_with_a_sentence(change: dict[str, str], message: str) -> None:
    with pytest.raises(QuestionError) as refused:
        ask("totals", {**DAYS, **change}, QUERIES)
    assert message in str(refused.value)
    assert refused.value.status == 400


def test_missing_period_is_refused() -> None:
    with pytest.raises(QuestionError, match="start must be a date"):
        ask("totals", {}, QUERIES)


def test_longest_period_is_a_leap_year() -> None:
    assert ask("totals", {"start": "2024-01-01", "end": "2024-12-31"}, QUERIES)


def test_key_is_of_question_database_and_time() -> None:
    question = ask("totals", DAYS, QUERIES)
    key = question.key("db", 7)
    assert key == ask("totals", DAYS, QUERIES).key("db", 7)
    others = {
        question.key("other", 7),
        question.key("db", 8),
        Question("totals", f"{question.sql} ", question.period).key("db", 7),
        ask("totals", {**DAYS, "end": "2026-11-29"}, QUERIES).key("db", 7),
    }
    assert len(others | {key}) == 5
    assert len(key) == 64


def test_tables_may_be_named_otherwise() -> None:
    sql = "from web_log join web_log_failed on web_log.id"
    assert with_table_names(sql, {"web_log": "visits"}) == "from visits join web_log_failed on visits.id"
    assert with_table_names(sql, {}) == sql


def test_texts_of_athena_become_values_of_json() -> None:
    types = ["bigint", "double", "decimal", "boolean", "timestamp", "varchar", "varchar"]
    row = ["7", "1.5E3", "2.50", "true", "2026-11-20 10:00:00.000", "7", None]
    assert read_rows(types, [row]) == [[7, 1500.0, 2.5, True, "2026-11-20T10:00:00.000Z", "7", None]]


def test_answer_says_what_it_answers_and_when_it_was_asked() -> None:
    text = answer_text(ask("totals", DAYS, QUERIES), ["n"], [[1]], asked_at="2026-11-30T10:00:00Z")
    assert json.loads(text) == {
        "name": "totals",
        "start": "2026-11-01",
        "end": "2026-11-30",
        "askedAt": "2026-11-30T10:00:00Z",
        "columns": ["n"],
        "rows": [[1]],
    }
