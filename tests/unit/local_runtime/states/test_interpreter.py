"""Executions of definitions: what each kind of state does."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from local_runtime.errors import AwsError
from local_runtime.states.execution import ExecutionStore
from tests.unit.local_runtime.states.machines import (
    FUNCTION,
    INVOKE,
    Bench,
    Flaky,
    chain,
    task,
)


def test_a_report_polls_until_its_query_is_done(tmp_path: Path) -> None:
    states = iter(["QUEUED", "RUNNING", "SUCCEEDED"])
    definition = {
        "StartAt": "StartQuery",
        "States": {
            "StartQuery": {
                "Type": "Task",
                "Resource": INVOKE,
                "Parameters": {"FunctionName": FUNCTION + "start", "Payload.$": "$"},
                "ResultSelector": {"id.$": "$.Payload.id"},
                "ResultPath": "$.query",
                "Next": "GetQueryStatus",
            },
            "GetQueryStatus": task(
                "check", InputPath="$.query", ResultPath="$.query", Next="CheckQueryStatus"
            ),
            "CheckQueryStatus": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.query.state", "StringEquals": "SUCCEEDED", "Next": "Done"},
                    {
                        "Or": [
                            {"Variable": "$.query.state", "StringEquals": "QUEUED"},
                            {"Variable": "$.query.state", "StringEquals": "RUNNING"},
                        ],
                        "Next": "Wait",
                    },
                ],
                "Default": "Failed",
            },
            "Wait": {"Type": "Wait", "Seconds": 30, "Next": "GetQueryStatus"},
            "Failed": {"Type": "Fail", "Error": "QueryFailed"},
            "Done": {"Type": "Succeed"},
        },
    }
    bench = Bench(
        tmp_path,
        {
            "start": lambda event: {"id": event["day"]},
            "check": lambda event: {**event, "state": next(states)},
        },
    )

    done = bench.run(definition, {"day": "2026-11-01"})

    assert done.output == {"day": "2026-11-01", "query": {"id": "2026-11-01", "state": "SUCCEEDED"}}
    poll = ["GetQueryStatus", "CheckQueryStatus"]
    assert done.path == ["StartQuery", *poll, "Wait", *poll, "Wait", *poll, "Done"]
    assert done.types[:6] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
    ]
    assert done.types[-3:] == ["SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"]
    assert [event.previous for event in done.history] == list(range(len(done.history)))


def test_an_invocation_answers_what_lambda_does(tmp_path: Path) -> None:
    invoke = {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "f:$LATEST", "Payload": [1]}}

    done = Bench(tmp_path, {"f": lambda event: event}).run(chain(Do=invoke))

    assert (done.output["Payload"], done.output["StatusCode"]) == ([1], 200)
    assert done.output["SdkResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"Result": {"b": 2}}, {"b": 2}),
        ({"Result": 2, "ResultPath": "$.c.d"}, {"a": {"b": 1}, "c": {"d": 2}}),
        ({"Result": 2, "ResultPath": "$.a.b"}, {"a": {"b": 2}}),
        ({"Result": 2, "ResultPath": None}, {"a": {"b": 1}}),
        ({"InputPath": "$.a"}, {"b": 1}),
        ({"InputPath": None}, {}),
        ({"OutputPath": "$.a.b"}, 1),
        ({"OutputPath": None}, {}),
        (
            {"Parameters": {"x.$": "$.a.b", "y": [{"z.$": "$$.Execution.Name"}]}},
            {"x": 1, "y": [{"z": "one"}]},
        ),
        (
            {"InputPath": "$.a", "Parameters": {"x.$": "$.b"}, "ResultPath": "$.p"},
            {"a": {"b": 1}, "p": {"x": 1}},
        ),
        ({"Parameters": {"all.$": "$..b"}}, {"all": [1]}),
        ({"Parameters": {"none.$": "$.a[?(@.x)]"}}, {"none": []}),
        ({"Parameters": {"text.$": "States.Format('{}!', $.a)"}}, {"text": '{"b":1}!'}),
    ],
)
def test_paths_shape_what_a_pass_state_hands_on(tmp_path: Path, state: dict[str, Any], expected: Any) -> None:
    assert Bench(tmp_path).run(chain(Pass={"Type": "Pass", **state}), {"a": {"b": 1}}).output == expected


@pytest.mark.parametrize(
    ("state", "error", "cause"),
    [
        (
            {"InputPath": "$.x"},
            "States.Runtime",
            "'$.x' specified for the field 'InputPath' could not be found",
        ),
        (
            {"Parameters": {"p.$": "$.x"}},
            "States.Runtime",
            "field 'p.$' could not be found in the input '{\"a\":1}'",
        ),
        ({"Result": 1, "ResultPath": "$.a.b"}, "States.ResultPathMatchFailure", "Unable to apply"),
        ({"Parameters": {"p.$": "States.MathAdd($.a, 'x')"}}, "States.IntrinsicFailure", "MathAdd"),
    ],
)
def test_what_does_not_fit_the_input_fails_by_its_name(
    tmp_path: Path, state: dict[str, Any], error: str, cause: str
) -> None:
    done = Bench(tmp_path).run(chain(Pass={"Type": "Pass", **state}), {"a": 1})

    assert done.status == "FAILED"
    assert done.failure[0] == error
    assert cause in str(done.failure[1])


def test_a_fail_state_ends_with_its_error_and_cause(tmp_path: Path) -> None:
    fixed = chain(No={"Type": "Fail", "Error": "Nope", "Cause": "because"})
    by_path = chain(No={"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{} rows', $.n)"})

    assert Bench(tmp_path).run(fixed).failure == ("Nope", "because")
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other").run(by_path, {"e": "States.Odd", "n": 3})
    assert other.failure == ("States.Odd", "3 rows")
    assert other.types[-1] == "ExecutionFailed"


def test_a_machine_times_out_by_its_waits_however_short_they_are_made(tmp_path: Path) -> None:
    definition = {
        "StartAt": "Poll",
        "TimeoutSeconds": 100,
        "States": {
            "Poll": task("check", Next="Wait"),
            "Wait": {"Type": "Wait", "Seconds": 30, "Next": "Poll"},
        },
    }

    done = Bench(tmp_path, {"check": lambda event: event}).run(definition)

    assert done.status == "TIMED_OUT"
    assert done.path.count("Wait") == 4
    assert done.types[-1] == "ExecutionTimedOut"


@pytest.mark.parametrize(
    ("state", "seconds"),
    [
        ({"Seconds": 30}, 30),
        ({"SecondsPath": "$.n"}, 7),
        ({"Timestamp": "2001-01-01T00:00:00Z"}, 0),
        ({"TimestampPath": "$.t"}, 0),
        ({"Timestamp": "2001-01-01T01:00:00+01:00"}, 0),
    ],
)
def test_a_wait_lasts_as_long_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], seconds: float
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(
        "local_runtime.states.clock.ExecutionClock.pause",
        lambda _clock, seconds, waited: pauses.append(seconds),
    )

    done = Bench(tmp_path).run(
        chain(Wait={"Type": "Wait", **state}), {"n": 7, "t": "2001-01-01T00:00:00Z"}, wait_scale=1
    )

    assert pauses == [pytest.approx(seconds, abs=1)]
    assert done.status == "SUCCEEDED"


def test_a_function_that_is_not_there_is_lambdas_error(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"f": lambda event: event})

    assert bench.run(chain(Do=task("gone"))).failure[0] == "Lambda.ResourceNotFoundException"


def test_the_local_run_has_no_aliases(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"f": lambda event: event})

    assert bench.run(chain(Do=task("f:live"))).failure[0] == "Lambda.ResourceNotFoundException"


def test_a_message_that_is_no_text_is_published_as_json(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    publish = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message.$": "$"},
    }

    done = bench.run(chain(Do=publish), {"rows": 3})

    assert bench.sdk.calls == [
        ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": '{"rows": 3}'})
    ]
    assert done.output["MessageId"] == "m-1"


@pytest.mark.parametrize(
    ("resource", "code", "error"),
    [
        ("arn:aws:states:::sns:publish", "NotFound", "SNS.NotFoundException"),
        (
            "arn:aws:states:::aws-sdk:athena:getQueryExecution",
            "InvalidRequestException",
            "Athena.InvalidRequestException",
        ),
        ("arn:aws:states:::aws-sdk:s3:getObject", "NoSuchKey", "S3.NoSuchKeyException"),
    ],
)
def test_a_services_error_has_the_services_name_before_it(
    tmp_path: Path, resource: str, code: str, error: str
) -> None:
    bench = Bench(tmp_path)
    bench.sdk.error = AwsError(code, "no")

    done = bench.run(chain(Do={"Type": "Task", "Resource": resource, "Parameters": {}}))

    assert done.failure == (error, "no")


def test_an_output_beyond_the_limit_fails_and_states_all_does_not_mean_it(tmp_path: Path) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Mend"}]
    definition = chain(Do=task("f", Catch=catch, End=True), Mend={"Type": "Succeed"})

    done = Bench(tmp_path, {"f": lambda _event: "x" * 300_000}).run(definition)

    assert done.failure[0] == "States.DataLimitExceeded"


def test_a_choice_without_a_match_fails(tmp_path: Path) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "One"}]}

    done = Bench(tmp_path).run(chain(Pick=choice, One={"Type": "Succeed"}), {"n": 2})

    assert done.failure[0] == "States.NoChoiceMatched"


def test_an_interrupted_execution_goes_on_with_its_state_and_its_attempts(tmp_path: Path) -> None:
    flaky, seen = Flaky("Odd", "Odd"), threading.Event()

    def check(event: Any) -> Any:
        if flaky.calls == 1:
            seen.set()
        return flaky(event)

    retry = [{"ErrorEquals": ["Odd"], "IntervalSeconds": 3600, "MaxAttempts": 2}]
    definition = chain(First={"Type": "Pass"}, Do=task("check", Retry=retry), Done={"Type": "Succeed"})
    first = Bench(tmp_path, {"check": check})
    engine = first.engine(definition, wait_scale=1e-4)
    arn = engine.start(next(iter(engine.machines.values())), "one", "{}").arn
    assert seen.wait(10)
    engine.close()

    second = Bench(tmp_path, {"check": check})
    left = second.store.find(arn)
    assert left is not None
    assert left.status == "RUNNING"
    again = second.engine(definition)
    again.resume()
    for thread in list(again._threads):
        thread.join(10)
    done = second.store.find(arn)

    assert done is not None
    assert done.status == "SUCCEEDED"
    assert flaky.calls == 3
    names = [
        event.details["name"] for event in second.store.history(arn) if event.type.endswith("StateEntered")
    ]
    assert names == ["First", "Do", "Done"]
    again.close()


def test_an_execution_whose_state_is_gone_fails_by_saying_so(tmp_path: Path) -> None:
    wait = chain(Hold={"Type": "Wait", "Seconds": 3600})
    engine = Bench(tmp_path).engine(wait, wait_scale=1)
    arn = engine.start(next(iter(engine.machines.values())), "one", "{}").arn
    store = engine.store
    while (execution := store.find(arn)) is None or execution.position is None:
        pass
    engine.close()

    again = Bench(tmp_path).engine(chain(Other={"Type": "Succeed"}))
    again.resume()
    execution = again.store.find(arn)
    assert execution is not None
    assert execution.status == "FAILED"
    assert "its state Hold is no longer in the definition" in str(execution.cause)
    again.close()


def test_a_stopped_execution_is_aborted_and_its_wait_ends(tmp_path: Path) -> None:
    engine = Bench(tmp_path).engine(chain(Hold={"Type": "Wait", "Seconds": 3600}), wait_scale=1)
    arn = engine.start(next(iter(engine.machines.values())), None, "{}").arn
    engine.stop(arn, "Enough", None)
    for thread in list(engine._threads):
        thread.join(10)

    execution = engine.store.find(arn)

    assert execution is not None
    assert (execution.status, execution.error) == ("ABORTED", "Enough")
    assert engine.store.history(arn)[-1].type == "ExecutionAborted"
    engine.close()


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    engine = Bench(tmp_path).engine(chain(Hold={"Type": "Wait", "Seconds": 3600}), wait_scale=1)
    machine = next(iter(engine.machines.values()))
    first = engine.start(machine, "monthly", "{}")

    assert engine.start(machine, "monthly", "{}").started == first.started
    with pytest.raises(AwsError, match="ExecutionAlreadyExists"):
        engine.start(machine, "monthly", '{"other": 1}')
    engine.stop(first.arn, None, None)
    with pytest.raises(AwsError, match="ExecutionAlreadyExists"):
        engine.start(machine, "monthly", "{}")
    engine.close()


def test_the_history_says_what_boto3_can_read(tmp_path: Path) -> None:
    import botocore.session

    bench = Bench(tmp_path, {"f": lambda event: event})
    invoke = {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "f"}}
    history = bench.run(chain(A=task("f"), B=invoke, C={"Type": "Pass"})).history
    model = botocore.session.get_session().get_service_model("stepfunctions").shape_for("HistoryEvent")

    for event in history:
        answer = event.to_api()
        assert set(answer) <= set(model.members)
        assert answer["type"] in model.members["type"].enum
        for member, details in answer.items():
            if member.endswith("Details"):
                assert set(details) <= set(model.members[member].members), (member, details)
    assert isinstance(bench.store, ExecutionStore)
