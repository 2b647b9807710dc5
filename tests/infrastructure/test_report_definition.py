"""The definition of the report's state machine: its states, and that no task fails unheard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from stacks.config import ROOT
from stacks.event_reporting import report_functions
from stacks.event_reporting.config import Report

DEFINITION = json.loads((ROOT / "stacks/event_reporting/report.asl.json").read_text(encoding="utf-8"))
STATES: dict[str, Any] = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}


def following(state: Any) -> Iterator[str]:
    """Where a state may lead."""
    for rule in [state, *state.get("Catch", ()), *state.get("Choices", ())]:
        if "Next" in rule:
            yield rule["Next"]
    if "Default" in state:
        yield state["Default"]


def test_states_of_the_contract_follow_one_another() -> None:
    assert DEFINITION["StartAt"] == "StartQuery"
    assert STATES["StartQuery"]["Next"] == "GetQueryStatus"
    assert STATES["GetQueryStatus"]["Next"] == "CheckQueryStatus"
    assert STATES["SendReport"]["Next"] == "Done"
    assert (STATES["Done"]["Type"], STATES["Failed"]["Type"]) == ("Succeed", "Fail")
    wait = STATES["Wait"]
    assert (wait["Type"], wait["Seconds"], wait["Next"]) == ("Wait", 30, "GetQueryStatus")


def test_every_state_is_reached_and_leads_to_an_end() -> None:
    reached, waiting = set(), [DEFINITION["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += following(STATES[name])
    assert reached == set(STATES)
    for name, state in STATES.items():
        assert list(following(state)) or state["Type"] in ("Succeed", "Fail"), name


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_tried_again_with_growing_pauses_and_caught(name: str) -> None:
    task = TASKS[name]
    retrier = task["Retry"][-1]
    assert retrier["ErrorEquals"] == ["States.ALL"]
    assert retrier["BackoffRate"] > 1
    assert retrier["MaxAttempts"] >= 3
    assert retrier["MaxDelaySeconds"] <= 60
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    assert task["TimeoutSeconds"] > 60, "a function has its own timeout of 60 s"


def test_bad_input_alone_is_not_tried_again() -> None:
    refused = [
        (name, retrier["ErrorEquals"])
        for name, task in TASKS.items()
        for retrier in task["Retry"]
        if retrier["MaxAttempts"] == 0
    ]
    assert refused == [("StartQuery", ["InvalidPeriodError"])]


def test_every_failure_is_mailed_before_the_execution_fails() -> None:
    leading = {name for name, state in STATES.items() if "Failed" in following(state)}
    assert leading == {"ReportFailure"}


def test_settings_and_definition_mean_the_same_seconds() -> None:
    assert STATES["Wait"]["Seconds"] == report_functions._SECONDS_BETWEEN_CHECKS


def test_machine_has_time_for_the_longest_query_and_all_tries() -> None:
    longest = Report.model_json_schema()["properties"]["query_timeout_in_minutes"]["maximum"] * 60
    checks = longest // STATES["Wait"]["Seconds"]
    pauses = sum(min(2**number, 60) for number in range(1, 7))
    assert DEFINITION["TimeoutSeconds"] > longest + checks * 2 + len(TASKS) * (7 * 60 + pauses)
