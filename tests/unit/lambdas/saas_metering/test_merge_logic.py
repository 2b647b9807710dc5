"""The merge's decisions: which hours, what has changed, what may be deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lambdas.saas_metering.merge_small_files.logic import (
    GRACE,
    Hour,
    LogFile,
    Run,
    current_hour,
    folders_to_delete,
    hours_to_look_at,
    mark_in,
    mark_of,
    statement,
    tables_to_drop,
)

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
MARK = "0123456789abcdef"


def folder(age: timedelta, id: str = "aa") -> str:
    return Run(NOW - age, id).folder(MARK)


def test_hours_before_the_rules_event_latest_first_across_midnight_and_new_year() -> None:
    hours = hours_to_look_at({"time": "2027-01-01T01:06:00Z"}, 3)
    assert [str(hour) for hour in hours] == ["2027-01-01T00", "2026-12-31T23", "2026-12-31T22"]
    assert str(current_hour({"time": "2027-01-01T01:06:00Z"})) == "2027-01-01T01"


def test_hours_can_be_named_and_count_once() -> None:
    hours = hours_to_look_at({"hours": ["2026-01-01T05", "2026-02-01T05", "2026-01-01T05"]}, 48)
    assert [str(hour) for hour in hours] == ["2026-02-01T05", "2026-01-01T05"]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({}, "time must be such as 2026-11-22T02:06:00Z (got None)"),
        ({"time": "yesterday"}, "(got 'yesterday')"),
        ({"hours": []}, "hours must be a list"),
        ({"hours": "2026-11-22T01"}, "hours must be a list"),
        ({"hours": ["2026-11-22"]}, "an hour must be such as 2026-11-22T01 (got '2026-11-22')"),
    ],
)
def test_event_that_names_no_hour_is_refused(event: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError) as refused:
        hours_to_look_at(event, 48)
    assert said in str(refused.value)


def test_hour_is_spelt_as_firehose_spells_its_folder() -> None:
    hour = Hour(datetime(2026, 3, 4, 5, tzinfo=UTC))
    assert hour.folder == "year=2026/month=03/day=04/hour=05"
    assert hour.values == ["2026", "03", "04", "05"]
    assert hour.parameters == ["2026", "3", "4", "5"]


def test_mark_is_of_the_files_and_not_of_their_order() -> None:
    files = [LogFile("a", "1"), LogFile("b", "2")]
    assert mark_of(files) == mark_of(reversed(files))
    assert mark_of(files) != mark_of([*files, LogFile("c", "3")])
    assert mark_of(files) != mark_of([LogFile("a", "1"), LogFile("b", "9")])


def test_folder_tells_its_mark_and_a_folder_of_nobodys_run_tells_none() -> None:
    run = Run(NOW, "00ff00ff00ff")
    assert mark_in(f"s3://bucket/parquet-data/year=2026/{run.folder(MARK)}/") == MARK
    assert mark_in("s3://bucket/parquet-data/year=2026/month=11/day=22/hour=05/") is None


def test_two_runs_share_neither_folder_nor_table() -> None:
    one, other = Run(NOW, "aa"), Run(NOW, "bb")
    assert one.folder(MARK) != other.folder(MARK)
    assert one.table("merged") != other.table("merged")


def test_statement_has_every_name_and_all_columns_in_quotes() -> None:
    sql = 'create table "${made}" as select "${columns}" from t where year = ?'
    assert statement(sql, {"made": "x"}, ["a", "user"]) == (
        'create table "x" as select "a", "user" from t where year = ?'
    )


def test_folder_is_deleted_when_it_was_given_up_long_enough_ago() -> None:
    old, current = folder(timedelta(hours=9), "aa"), folder(GRACE, "bb")
    assert folders_to_delete([old, current], f"s3://b/{current}/", NOW) == [old]


def test_folder_that_a_query_may_still_read_stays() -> None:
    old, current = folder(timedelta(hours=9), "aa"), folder(GRACE - timedelta(seconds=1), "bb")
    assert folders_to_delete([old, current], f"s3://b/{current}", NOW) == []


def test_folder_that_a_run_may_still_write_stays() -> None:
    writing, current = folder(timedelta(minutes=10), "aa"), folder(timedelta(hours=9), "bb")
    assert folders_to_delete([writing, current], f"s3://b/{current}/", NOW) == []


def test_folder_of_a_run_that_was_killed_before_its_swap_goes_though_nothing_was_merged_since() -> None:
    killed = folder(GRACE)
    assert folders_to_delete([killed], None, NOW) == [killed]


def test_folder_that_no_run_made_is_nobodys_to_delete() -> None:
    assert folders_to_delete(["backup", "year=2026"], None, NOW) == []


def test_tables_of_killed_runs_go_after_a_while_and_others_never() -> None:
    old, new = Run(NOW - GRACE, "aa").table("merged"), Run(NOW, "bb").table("merged")
    tables = [old, new, "merged", "merged_tmp_notes", Run(NOW - GRACE, "aa").table("other")]
    assert tables_to_drop(tables, "merged", NOW) == [old]
