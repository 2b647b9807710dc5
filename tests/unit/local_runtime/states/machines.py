"""Runs definitions with functions that are Python callables; waits take no time unless asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_runtime.errors import AwsError
from local_runtime.states.definition import problems
from local_runtime.states.engine import StateMachines
from local_runtime.states.execution import Execution, ExecutionStore, RecordedEvent
from local_runtime.states.interpreter import Interpreter
from local_runtime.states.machine import StateMachine
from local_runtime.states.tasks import Tasks

ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:report"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"
INVOKE = "arn:aws:states:::lambda:invoke"


@dataclass(frozen=True)
class Answer:
    payload: bytes
    function_error: str | None = None
    request_id: str = "1-2-3"


class FunctionFailed(Exception):  # noqa: N818  # it plays a function's own error
    """Raised by a function of a test: `errorType` and `errorMessage`."""


@dataclass(frozen=True)
class FakeFunction:
    name: str
    act: Callable[[Any], Any]

    @property
    def arn(self) -> str:
        return FUNCTION + self.name

    def invoke(self, payload: bytes) -> Answer:
        try:
            return Answer(json.dumps(self.act(json.loads(payload))).encode())
        except FunctionFailed as error:
            document = {"errorType": error.args[0], "errorMessage": error.args[1]}
            return Answer(json.dumps(document).encode(), "Unhandled")


@dataclass(frozen=True)
class FakeRole:
    name: str = "report-role"
    denied: frozenset[str] = frozenset()

    def allows(self, action: str, resource: str) -> bool:
        return action not in self.denied

    def allows_somewhere(self, action: str) -> bool:
        return action not in self.denied


@dataclass
class FakeSdk:
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    error: AwsError | None = None

    def __call__(self, service: str, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append((service, action, dict(parameters)))
        if self.error is not None:
            raise self.error
        return {"MessageId": "m-1"}


def machine(definition: Mapping[str, Any], role: FakeRole | None = None) -> StateMachine:
    assert problems(definition) == []
    arn = "arn:aws:iam::123456789012:role/report-role"
    return StateMachine("report", ARN, definition, json.dumps(definition), role or FakeRole(), arn)


@dataclass(frozen=True)
class Finished:
    execution: Execution
    history: list[RecordedEvent]

    @property
    def status(self) -> str:
        return self.execution.status

    @property
    def output(self) -> Any:
        assert self.execution.output is not None, (self.execution.error, self.execution.cause)
        return json.loads(self.execution.output)

    @property
    def failure(self) -> tuple[str | None, str | None]:
        return self.execution.error, self.execution.cause

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.history]

    @property
    def path(self) -> list[str]:
        return [event.details["name"] for event in self.history if event.type.endswith("StateEntered")]


class Bench:
    """A store and functions; `run` runs a definition to its end in this thread."""

    def __init__(self, tmp_path: Path, functions: Mapping[str, Callable[[Any], Any]] | None = None) -> None:
        self.path = tmp_path / "states.db"
        self.store = ExecutionStore(self.path)
        self.sdk = FakeSdk()
        fakes = {name: FakeFunction(name, act) for name, act in (functions or {}).items()}
        self.tasks = Tasks(fakes, self.sdk)

    def run(
        self,
        definition: Mapping[str, Any],
        document: Any = None,
        *,
        role: FakeRole | None = None,
        wait_scale: float = 0.0,
    ) -> Finished:
        from local_runtime.states.execution import Event

        made = machine(definition, role)
        arn = f"{ARN.replace(':stateMachine:', ':execution:')}:one"
        text = json.dumps({} if document is None else document)
        execution, _ = self.store.create(arn, ARN, "one", text, Event("ExecutionStarted", {"input": text}))
        with ThreadPoolExecutor() as threads:
            Interpreter(made, execution, self.store, self.tasks, threads, wait_scale).run()
        found = self.store.find(arn)
        assert found is not None
        return Finished(found, self.store.history(arn))

    def engine(self, definition: Mapping[str, Any], wait_scale: float = 0.0) -> StateMachines:
        return StateMachines([machine(definition)], self.store, self.tasks, wait_scale)


def chain(**states: Mapping[str, Any]) -> dict[str, Any]:
    """States in order: each goes on to the next one, unless it says where."""
    names = list(states)
    last = {"Succeed", "Fail", "Choice"}
    made = {}
    for name, following in zip(names, [*names[1:], None], strict=True):
        state = dict(states[name])
        if state["Type"] not in last and "Next" not in state and "End" not in state:
            state |= {"End": True} if following is None else {"Next": following}
        made[name] = state
    return {"StartAt": names[0], "States": made}


def task(function: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": FUNCTION + function, **fields}


def fails(kind: str, message: str = "no") -> Any:
    def act(_event: Any) -> Any:
        raise FunctionFailed(kind, message)

    return act


class Flaky:
    """Fails in turn with the names given, then answers."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = list(kinds)
        self.calls = 0

    def __call__(self, event: Any) -> Any:
        self.calls += 1
        if self.kinds:
            raise FunctionFailed(self.kinds.pop(0), "not now")
        return {"calls": self.calls}
