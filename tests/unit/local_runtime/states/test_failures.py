"""How a task's failure travels: retries, catchers, timeouts, the names of errors."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from local_runtime.states.errors import StatesError, matches
from tests.unit.local_runtime.states.machines import (
    Bench,
    FakeRole,
    Flaky,
    chain,
    fails,
    task,
)


def test_a_failed_function_is_its_error_type_and_its_whole_answer(tmp_path: Path) -> None:
    done = Bench(tmp_path, {"f": fails("ValueError", "bad day")}).run(chain(Do=task("f")))

    error, cause = done.failure
    assert error == "ValueError"
    assert json.loads(str(cause)) == {"errorType": "ValueError", "errorMessage": "bad day"}
    assert "LambdaFunctionFailed" in done.types


RETRY = [
    {"ErrorEquals": ["Throttled"], "IntervalSeconds": 5, "MaxAttempts": 2},
    {"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 1},
]


@pytest.mark.parametrize(
    ("kinds", "calls", "status"),
    [
        ([], 1, "SUCCEEDED"),
        (["Throttled", "Throttled"], 3, "SUCCEEDED"),
        (["Throttled"] * 3, 3, "FAILED"),
        (["Odd"], 2, "SUCCEEDED"),
        (["Odd", "Odd"], 2, "FAILED"),
        (["Throttled", "Odd", "Throttled"], 4, "SUCCEEDED"),
    ],
)
def test_each_retrier_counts_for_itself(tmp_path: Path, kinds: list[str], calls: int, status: str) -> None:
    flaky = Flaky(*kinds)

    done = Bench(tmp_path, {"f": flaky}).run(chain(Do=task("f", Retry=RETRY)))

    assert (flaky.calls, done.status) == (calls, status)
    assert done.path == ["Do"]
    assert done.types.count("LambdaFunctionScheduled") == calls


def test_pauses_between_attempts_grow_up_to_their_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(
        "local_runtime.states.clock.ExecutionClock.pause", lambda _clock, seconds: pauses.append(seconds)
    )
    retry = {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 2,
        "BackoffRate": 3,
        "MaxAttempts": 4,
        "MaxDelaySeconds": 20,
    }

    Bench(tmp_path, {"f": fails("Odd")}).run(chain(Do=task("f", Retry=[retry])))

    assert pauses == [2, 6, 18, 20]


def test_the_first_catcher_that_means_the_error_takes_it_after_the_retries(tmp_path: Path) -> None:
    flaky = Flaky("Odd", "Odd", "Odd")
    catch = [
        {"ErrorEquals": ["Other"], "Next": "Wrong"},
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Mend"},
    ]
    retry = [{"ErrorEquals": ["Odd"], "MaxAttempts": 2}]
    definition = chain(
        Do=task("f", Retry=retry, Catch=catch, Next="Mend"), Wrong={"Type": "Fail"}, Mend={"Type": "Succeed"}
    )

    done = Bench(tmp_path, {"f": flaky}).run(definition, {"day": 1})

    assert done.path == ["Do", "Mend"]
    assert flaky.calls == 3
    assert done.output["day"] == 1
    assert done.output["error"]["Error"] == "Odd"


def test_nothing_catches_a_runtime_error(tmp_path: Path) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Mend"}]
    definition = chain(Do=task("f", InputPath="$.gone", Catch=catch), Mend={"Type": "Succeed"})

    done = Bench(tmp_path, {"f": lambda event: event}).run(definition)

    assert done.failure[0] == "States.Runtime"
    assert "while executing the state 'Do' (entered at the event id #2)" in str(done.failure[1])


@pytest.mark.parametrize(
    ("limit", "error"),
    [("TimeoutSeconds", "States.Timeout"), ("HeartbeatSeconds", "States.HeartbeatTimeout")],
)
def test_a_task_that_takes_too_long_times_out(tmp_path: Path, limit: str, error: str) -> None:
    over = threading.Event()
    catch = [
        {"ErrorEquals": ["States.TaskFailed"], "Next": "Wrong"},
        {"ErrorEquals": [error], "Next": "Late"},
    ]
    definition = chain(
        Do=task("slow", Catch=catch, End=True, **{limit: 1}),
        Wrong={"Type": "Fail"},
        Late={"Type": "Pass", "Parameters": {"error.$": "$.Error"}},
    )
    bench = Bench(tmp_path, {"slow": lambda _event: over.wait(1.1)})

    done = bench.run(definition)

    assert done.output == {"error": error}
    assert "LambdaFunctionTimedOut" in done.types


@pytest.mark.parametrize(
    ("names", "error", "expected"),
    [
        (["A", "B"], "B", True),
        (["A"], "a", False),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", True),
        (["States.ALL", "States.Runtime"], "States.Runtime", False),
        (["States.TaskFailed"], "A", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.Timeout"], "States.HeartbeatTimeout", True),
        (["States.ALL"], None, True),
    ],
)
def test_a_list_of_error_names_means_an_error_or_does_not(
    names: list[str], error: str | None, expected: bool
) -> None:
    assert matches(names, StatesError(error)) is expected


def test_a_role_without_the_grant_cannot_invoke(tmp_path: Path) -> None:
    role = FakeRole(denied=frozenset({"lambda:InvokeFunction"}))

    done = Bench(tmp_path, {"f": lambda event: event}).run(chain(Do=task("f")), role=role)

    assert done.failure[0] == "Lambda.AWSLambdaException"
    assert "report-role is not authorized to perform: lambda:InvokeFunction" in str(done.failure[1])


@pytest.mark.parametrize(
    ("resource", "action", "error"),
    [
        ("arn:aws:states:::sns:publish", "sns:Publish", "SNS.AuthorizationErrorException"),
        ("arn:aws:states:::athena:stopQueryExecution", "athena:StopQueryExecution", "Athena.AthenaException"),
        ("arn:aws:states:::aws-sdk:sfn:listExecutions", "states:ListExecutions", "Sfn.SfnException"),
    ],
)
def test_a_role_without_the_grant_cannot_call_a_service(
    tmp_path: Path, resource: str, action: str, error: str
) -> None:
    bench = Bench(tmp_path)
    topic = {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": "text"}

    done = bench.run(
        chain(Do={"Type": "Task", "Resource": resource, "Parameters": topic}),
        role=FakeRole(denied=frozenset({action})),
    )

    assert done.failure[0] == error
    assert bench.sdk.calls == []
