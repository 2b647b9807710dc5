"""The merge's handler: hours one by one, time that runs out, failures that are told at the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from lambdas.saas_metering.merge_small_files import handler
from lambdas.saas_metering.merge_small_files.athena import QueryError
from lambdas.saas_metering.merge_small_files.bucket import DeletionError
from lambdas.saas_metering.merge_small_files.logic import Hour
from lambdas.saas_metering.merge_small_files.merge import Outcome

NIGHT = {"time": "2026-11-22T03:06:00Z"}
ENVIRONMENT = {
    "OLD_DATABASE": "d",
    "OLD_TABLE_NAME": "log",
    "OLD_TABLE_S3_FOLDER_NAME": "json-data",
    "NEW_DATABASE": "d",
    "NEW_TABLE_NAME": "merged",
    "NEW_TABLE_S3_FOLDER_NAME": "parquet-data",
    "COLUMN_NAMES": "requestId",
    "BUCKET": "b",
    "WORK_GROUP": "g",
    "LOOK_BACK_HOURS": "3",
    "METRICS_NAMESPACE": "Metering",
}


@dataclass
class Context:
    seconds: list[float]
    function_name: str = "merge"
    aws_request_id: str = "r-1"

    def get_remaining_time_in_millis(self) -> int:
        left = self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0]
        return int(left * 1000)


@dataclass
class FakeMerge:
    """Answers by the hour; remembers what it was asked."""

    outcomes: dict[str, Outcome | Exception] = field(default_factory=dict)
    sweeping: Exception | None = None
    added: list[str] = field(default_factory=list)
    swept: list[str] = field(default_factory=list)

    def bring_up_to_date(self, hour: Hour) -> Outcome:
        outcome = self.outcomes.get(str(hour), Outcome.EMPTY)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def add_log_hour(self, hour: Hour) -> None:
        self.added.append(str(hour))

    def sweep(self, hours: list[Hour], now: datetime) -> None:
        assert now.tzinfo is not None
        self.swept = [str(hour) for hour in hours]
        if self.sweeping is not None:
            raise self.sweeping


Run = Callable[..., dict[str, list[str]]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(merge: FakeMerge, event: dict[str, Any] = NIGHT, *seconds: float) -> dict[str, list[str]]:
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(handler, "connect", lambda _settings, _seconds_left: merge)
        return handler.lambda_handler(event, Context(list(seconds) or [900]))

    return run


def test_hours_with_lines_are_told_by_their_outcome(run: Run) -> None:
    merge = FakeMerge({"2026-11-22T02": Outcome.MERGED, "2026-11-22T00": Outcome.UNCHANGED})
    assert run(merge) == {"merged": ["2026-11-22T02"], "unchanged": ["2026-11-22T00"]}


def test_folders_that_were_too_young_in_an_hours_last_run_are_deleted_by_later_runs(run: Run) -> None:
    merge = FakeMerge()
    run(merge)
    newest, oldest = datetime(2026, 11, 22, 2), datetime(2026, 11, 21, 17)
    assert merge.swept == [f"{newest - timedelta(hours=back):%Y-%m-%dT%H}" for back in range(10)], (
        "three hours of look-back, and seven in which the six hours of grace end"
    )
    assert merge.swept[-1] == f"{oldest:%Y-%m-%dT%H}"


def test_hour_that_runs_can_be_queried_as_it_comes_in(run: Run) -> None:
    merge = FakeMerge()
    run(merge)
    assert merge.added == ["2026-11-22T03"]
    run(merge, {"hours": ["2026-01-01T00"]})
    assert merge.added == ["2026-11-22T03"], "hours that somebody names are over"


def test_failed_hour_does_not_keep_the_others_and_fails_the_run_at_its_end(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    merge = FakeMerge({"2026-11-22T02": QueryError("q-1 FAILED: HIVE"), "2026-11-22T01": Outcome.MERGED})
    with pytest.raises(handler.MergeFailedError, match="2026-11-22T02: q-1 FAILED: HIVE"):
        run(merge)
    line, metrics = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["level"] == "ERROR"
    assert line["failures"] == ["2026-11-22T02: q-1 FAILED: HIVE"]
    assert line["hours"] == {"merged": ["2026-11-22T01"], "failed": ["2026-11-22T02"]}
    assert (metrics["Merged"], metrics["Failed"], metrics["Postponed"]) == (1, 1, 0)
    assert merge.swept, "what earlier runs left is deleted all the same"


def test_failed_sweep_fails_the_run_too(run: Run) -> None:
    with pytest.raises(handler.MergeFailedError, match="objects of x"):
        run(FakeMerge(sweeping=DeletionError("2 objects of x could not be deleted")))


def test_hours_for_which_no_time_is_left_are_the_next_runs(run: Run) -> None:
    merge = FakeMerge({f"2026-11-22T0{hour}": Outcome.MERGED for hour in range(3)})
    assert run(merge, NIGHT, 900, 30) == {
        "merged": ["2026-11-22T02"],
        "postponed": ["2026-11-22T01", "2026-11-22T00"],
    }


def test_mistake_of_ours_is_not_taken_for_a_failed_hour(run: Run) -> None:
    with pytest.raises(KeyError):
        run(FakeMerge({"2026-11-22T02": KeyError("x")}))
