"""Runs one execution: state after state, each written down before it begins.

https://states-language.net/spec.html
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Mapping
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any

from local_runtime.lambdas.function import FunctionClosedError
from local_runtime.states.choices import holds, to_timestamp
from local_runtime.states.clock import ExecutionClock, ExecutionTimeoutError, InterruptedExecutionError
from local_runtime.states.errors import (
    DATA_LIMIT_EXCEEDED,
    HEARTBEAT_TIMEOUT,
    TIMEOUT,
    StatesError,
    StatesRuntimeError,
    matches,
)
from local_runtime.states.execution import (
    FAILED,
    SUCCEEDED,
    TIMED_OUT,
    Event,
    Execution,
    ExecutionStore,
    Position,
)
from local_runtime.states.intrinsics import parse_expression
from local_runtime.states.machine import StateMachine
from local_runtime.states.paths import Scope, parse_path, put, select, to_json
from local_runtime.states.tasks import MOST_BYTES, Resource, Tasks
from local_runtime.states.templates import fill

log = logging.getLogger(__name__)

State = Mapping[str, Any]
Left = tuple[Any, str | None]
"""A state's output and the name of the next state; None after the last one."""

_NO_TIMEOUT = 99_999_999


class Interpreter:
    """One execution in one thread; `clock.interrupt` ends it from another one.

    An execution that an earlier run left behind goes on with the state that it was in: a task is done again,
    a wait goes on to its end.
    """

    def __init__(
        self,
        machine: StateMachine,
        execution: Execution,
        store: ExecutionStore,
        tasks: Tasks,
        threads: Executor,
        wait_scale: float,
    ) -> None:
        self._machine = machine
        self._execution = execution
        self._store = store
        self._tasks = tasks
        self._threads = threads
        limit, before = machine.definition.get("TimeoutSeconds"), execution.position
        self.clock = ExecutionClock(limit, wait_scale, 0.0 if before is None else before.elapsed)

    def run(self) -> None:
        """To the execution's end, or until it is interrupted."""
        try:
            try:
                output = self._run()
            except StatesError as failure:
                event = Event("ExecutionFailed", _failure(failure))
                self._finish(FAILED, [event], error=failure.error, cause=failure.cause)
            except ExecutionTimeoutError:
                self._finish(TIMED_OUT, [Event("ExecutionTimedOut")])
            else:
                self._finish(SUCCEEDED, [Event("ExecutionSucceeded", {"output": output})], output=output)
        except (InterruptedExecutionError, FunctionClosedError):
            log.info("%s was interrupted", self._execution.arn)

    def _finish(self, status: str, events: list[Event], **outcome: str | None) -> None:
        self._store.finish(self._execution.arn, status, events, **outcome)

    def _run(self) -> str:
        position = self._execution.position
        if position is None:
            start = self._machine.definition["StartAt"]
            position = self._enter(start, json.loads(self._execution.input), [])
        while True:
            state = self._state(position)
            data, following = self._perform(state, position)
            output = to_json(data)
            if len(output.encode()) > MOST_BYTES:
                raise StatesError(
                    DATA_LIMIT_EXCEEDED,
                    f"The state '{position.state}' returned a result with a size exceeding the maximum "
                    "number of bytes service limit.",
                )
            exited = Event(f"{state['Type']}StateExited", {"name": position.state, "output": output})
            if following is None:
                self._store.record(self._execution.arn, [exited])
                return output
            position = self._enter(following, data, [exited])

    def _state(self, position: Position) -> State:
        state: State = self._machine.definition["States"][position.state]
        return state

    def _enter(self, name: str, data: Any, before: list[Event]) -> Position:
        position = Position(name, data, time.time(), elapsed=self.clock.elapsed)
        kind = self._state(position)["Type"]
        entered = Event(f"{kind}StateEntered", {"name": name, "input": to_json(data)})
        self._store.record(self._execution.arn, [*before, entered], position)
        return position

    def _perform(self, state: State, position: Position) -> Left:
        """
        Raises:
            StatesError: neither Retry nor Catch has an answer to the state's failure.
        """
        while True:
            try:
                return self._perform_once(state, position)
            except StatesRuntimeError as failure:
                raise StatesRuntimeError(
                    f"An error occurred while executing the state '{position.state}' (entered at the event "
                    f"id #{position.event}). {failure.cause}"
                ) from None
            except StatesError as failure:
                seconds = _seconds_to_retry(state, position, failure)
                if seconds is None:
                    return _caught(state, position, failure)
                self._store.record(self._execution.arn, [], position)
                self.clock.pause(seconds)

    def _perform_once(self, state: State, position: Position) -> Left:
        data = select("InputPath", state.get("InputPath", "$"), self._scope(position, position.data))
        following = state.get("Next")
        match state["Type"]:
            case "Task":
                data = self._with_result(state, position, self._task(state, position, data))
            case "Pass":
                given = self._parameters(state, position, data)
                data = self._with_result(state, position, state.get("Result", given))
            case "Choice":
                following = self._choice(state, position, data)
            case "Wait":
                self._wait(state, position, data)
            case "Fail":
                raise self._fail(state, position, data)
        return select("OutputPath", state.get("OutputPath", "$"), self._scope(position, data)), following

    def _parameters(self, state: State, position: Position, data: Any) -> Any:
        return fill(state["Parameters"], self._scope(position, data)) if "Parameters" in state else data

    def _with_result(self, state: State, position: Position, result: Any) -> Any:
        if "ResultSelector" in state:
            result = fill(state["ResultSelector"], self._scope(position, result))
        return put(result, state.get("ResultPath", "$"), position.data)

    def _task(self, state: State, position: Position, data: Any) -> Any:
        resource = Resource.parse(state["Resource"])
        payload = self._parameters(state, position, data)
        scope = self._scope(position, data)
        seconds = _number(state, "TimeoutSeconds", scope, _NO_TIMEOUT)
        heartbeat = _number(state, "HeartbeatSeconds", scope, _NO_TIMEOUT)
        self._record(resource, "Scheduled", _scheduled(resource, self._region, payload, state))
        self._record(resource, "Started", {})
        future = self._threads.submit(self._tasks.call, resource, self._machine.role, payload)
        try:
            # Nothing that is played here sends a heartbeat.
            error = TIMEOUT if seconds <= heartbeat else HEARTBEAT_TIMEOUT
            result = self.clock.result(future, min(seconds, heartbeat), error)
        except StatesError as failure:
            over = "TimedOut" if failure.error in (TIMEOUT, HEARTBEAT_TIMEOUT) else "Failed"
            self._record(resource, over, _failure(failure))
            raise
        self._record(
            resource, "Succeeded", {"output": to_json(result), "outputDetails": {"truncated": False}}
        )
        return result

    def _record(self, resource: Resource, what: str, details: dict[str, Any]) -> None:
        if resource.events == "Task":
            details = {"resourceType": resource.service, "resource": resource.action, **details}
        elif what == "Started":
            details = {}
        self._store.record(self._execution.arn, [Event(f"{resource.events}{what}", details)])

    @property
    def _region(self) -> str:
        return self._machine.arn.split(":")[3]

    def _choice(self, state: State, position: Position, data: Any) -> str:
        scope = self._scope(position, data)
        for rule in state["Choices"]:
            if holds(rule, scope):
                return str(rule["Next"])
        if "Default" in state:
            return str(state["Default"])
        cause = f"State '{position.state}': no choice matched the input and there is no Default"
        raise StatesError("States.NoChoiceMatched", cause)

    def _wait(self, state: State, position: Position, data: Any) -> None:
        scope = self._scope(position, data)
        if "Seconds" in state or "SecondsPath" in state:
            seconds = _number(state, "Seconds", scope, 0)
        else:
            seconds = _until(state, scope, position.entered)
        self.clock.pause(seconds, waited=time.time() - position.entered)

    def _fail(self, state: State, position: Position, data: Any) -> StatesError:
        scope = self._scope(position, data)
        words = {
            field: parse_expression(state[f"{field}Path"]).value(scope, f"{field}Path")
            if f"{field}Path" in state
            else state.get(field)
            for field in ("Error", "Cause")
        }
        for field, word in words.items():
            if word is not None and not isinstance(word, str):
                return StatesRuntimeError(f"{field}Path must lead to a text (got {to_json(word)})")
        return StatesError(words["Error"], words["Cause"])

    def _scope(self, position: Position, data: Any) -> Scope:
        execution, machine = self._execution, self._machine
        context = {
            "Execution": {
                "Id": execution.arn,
                "Input": json.loads(execution.input),
                "Name": execution.name,
                "RoleArn": machine.role_arn,
                "StartTime": _iso(execution.started),
                "RedriveCount": 0,
            },
            "State": {
                "EnteredTime": _iso(position.entered),
                "Name": position.state,
                "RetryCount": sum(position.attempts.values()),
            },
            "StateMachine": {"Id": machine.arn, "Name": machine.name},
        }
        return Scope(data, context)


def _seconds_to_retry(state: State, position: Position, failure: StatesError) -> float | None:
    """By the first retrier that means the failure; None when there is none or it has no attempt left."""
    for index, retrier in enumerate(state.get("Retry", ())):
        if matches(retrier["ErrorEquals"], failure):
            attempt = position.attempts.get(str(index), 0)
            if attempt >= retrier.get("MaxAttempts", 3):
                return None
            position.attempts[str(index)] = attempt + 1
            seconds: float = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** attempt
            seconds = min(seconds, retrier.get("MaxDelaySeconds", _NO_TIMEOUT))
            jitter = retrier.get("JitterStrategy") == "FULL"
            return random.uniform(0, seconds) if jitter else seconds  # noqa: S311  # no secret
    return None


def _caught(state: State, position: Position, failure: StatesError) -> Left:
    for catcher in state.get("Catch", ()):
        if matches(catcher["ErrorEquals"], failure):
            output = {"Error": failure.error, "Cause": failure.cause}
            return put(output, catcher.get("ResultPath", "$"), position.data), str(catcher["Next"])
    raise failure


def _number(state: State, field: str, scope: Scope, default: float) -> float:
    """The seconds that a field, or the path beside it, gives."""
    if f"{field}Path" not in state:
        return float(state.get(field, default))
    path = state[f"{field}Path"]
    value = parse_path(path).value(scope, f"{field}Path")
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise StatesRuntimeError(
            f"{field}Path {path} must lead to a number that is not negative (got {value!r})"
        )
    return float(value)


def _until(state: State, scope: Scope, start: float) -> float:
    path = state.get("TimestampPath")
    text = state["Timestamp"] if path is None else parse_path(path).value(scope, "TimestampPath")
    moment = to_timestamp(text)
    if moment is None:
        raise StatesRuntimeError(f"TimestampPath {path} must lead to a timestamp (got {to_json(text)})")
    return max(0.0, moment.timestamp() - start)


def _scheduled(resource: Resource, region: str, payload: Any, state: State) -> dict[str, Any]:
    limits = {
        member: state[field]
        for member, field in (
            ("timeoutInSeconds", "TimeoutSeconds"),
            ("heartbeatInSeconds", "HeartbeatSeconds"),
        )
        if field in state
    }
    if resource.events == "Task":
        return {"region": region, "parameters": to_json(payload), **limits}
    limits.pop("heartbeatInSeconds", None)
    return {"resource": resource.arn, "input": to_json(payload), **limits}


def _failure(failure: StatesError) -> dict[str, Any]:
    words = {"error": failure.error, "cause": failure.cause}
    return {name: word for name, word in words.items() if word is not None}


def _iso(moment: float) -> str:
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
