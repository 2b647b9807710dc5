"""Checks a definition as CreateStateMachine does, so that a mistake is known at `up`.

https://states-language.net/spec.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local_runtime.states import choices
from local_runtime.states.choices import to_timestamp
from local_runtime.states.errors import ALL, DefinitionError
from local_runtime.states.paths import parse_path, parse_reference_path
from local_runtime.states.tasks import Resource
from local_runtime.states.templates import check_template

States = Mapping[str, Any]

_COMMON = {"Type", "Comment", "QueryLanguage", "InputPath", "OutputPath"}
_STEP = {"Next", "End"}
_RESULT = {"Parameters", "ResultPath"}
_FAILURES = {"Retry", "Catch", "ResultSelector"}
_FIELDS: Mapping[str, set[str]] = {
    "Task": _COMMON
    | _STEP
    | _RESULT
    | _FAILURES
    | {"Resource", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"},
    "Pass": _COMMON | _STEP | _RESULT | {"Result"},
    "Choice": _COMMON | {"Choices", "Default"},
    "Wait": _COMMON | _STEP | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Succeed": _COMMON,
    "Fail": {"Type", "Comment", "QueryLanguage", "Error", "ErrorPath", "Cause", "CausePath"},
}
_MACHINE_FIELDS = {"Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"}
_RETRY_FIELDS = {
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
    "Comment",
}
_CATCH_FIELDS = {"ErrorEquals", "Next", "ResultPath", "Comment"}
_WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
_MOST_SECONDS = 99_999_999


def problems(definition: Any) -> list[str]:
    """Everything that is wrong with a definition: `state CheckStatus: ...`."""
    if not isinstance(definition, Mapping):
        return ["the definition must be a JSON object"]
    found = [f"{name!r} is no field of a state machine" for name in definition.keys() - _MACHINE_FIELDS]
    found += _numbers(definition, {"TimeoutSeconds": 1})
    found += _language(definition)
    return found + list(_flow(definition))


def _flow(definition: Mapping[str, Any]) -> Iterator[str]:
    states = definition.get("States")
    if not isinstance(states, Mapping) or not states:
        yield "States must hold at least one state"
        return
    if definition.get("StartAt") not in states:
        yield f"StartAt names no state (got {definition.get('StartAt')!r})"
    for name, state in states.items():
        if len(name) > 80:
            yield f"state {name}: a name has at most 80 characters"
        yield from (f"state {name}: {problem}" for problem in _state(state, states))
    reached = _reachable(definition.get("StartAt"), states)
    yield from (f"state {name}: nothing leads to it" for name in states if name not in reached)


def _reachable(start: Any, states: States) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in reached or not isinstance(states.get(name), Mapping):
            continue
        reached.add(name)
        waiting += [target for _, target in _targets(states[name])]
    return reached


def _targets(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The states that follow, with the field that names them."""
    for field in ("Next", "Default"):
        if field in state:
            yield field, state[field]
    for field in ("Choices", "Catch"):
        for item in _list(state.get(field, [])):
            if isinstance(item, Mapping) and "Next" in item:
                yield f"{field}.Next", item["Next"]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _state(state: Any, states: States) -> Iterator[str]:
    kind = str(state.get("Type")) if isinstance(state, Mapping) else "no object"
    if kind not in _FIELDS:
        yield f"Type {kind!r} is not played by the local run; it plays {', '.join(_FIELDS)}"
        return
    yield from (f"{name!r} is no field of a {kind} state" for name in state.keys() - _FIELDS[kind])
    yield from _language(state)
    for field, target in _targets(state):
        if target not in states:
            yield f"{field} names no state (got {target!r})"
    if "Next" in _FIELDS[kind] and ("Next" in state) == (state.get("End") is True):
        yield "needs either Next or End: true"
    yield from _paths(state)
    yield from _KINDS[kind](state)


def _language(fields: Mapping[str, Any]) -> list[str]:
    language = fields.get("QueryLanguage", "JSONPath")
    return [] if language == "JSONPath" else [f"QueryLanguage {language!r} is not played by the local run"]


def _paths(state: Mapping[str, Any]) -> Iterator[str]:
    for field, value in state.items():
        try:
            if field == "ResultPath" and value is not None:
                parse_reference_path(str(value))
            elif field.endswith("Path") and not (
                value is None and field in ("InputPath", "OutputPath", "ResultPath")
            ):
                parse_path(str(value)) if field not in ("ErrorPath", "CausePath") else check_template(
                    {".$": value}
                )
            elif field in ("Parameters", "ResultSelector"):
                check_template(value)
        except DefinitionError as error:
            yield f"{field}: {error}"


def _task(state: Mapping[str, Any]) -> Iterator[str]:
    try:
        Resource.parse(str(state.get("Resource")))
    except DefinitionError as error:
        yield str(error)
    parameters = state.get("Parameters")
    if isinstance(parameters, Mapping):
        for name, played in (("InvocationType", "RequestResponse"), ("Qualifier", "$LATEST")):
            if parameters.get(name, played) != played:
                yield f"{name} {parameters[name]!r} is not played by the local run"
    yield from _numbers(state, {"TimeoutSeconds": 1, "HeartbeatSeconds": 1})
    if state.get("HeartbeatSeconds", 0) >= state.get("TimeoutSeconds", _MOST_SECONDS):
        yield "HeartbeatSeconds must be less than TimeoutSeconds"
    yield from _handlers(state)


def _handlers(state: Mapping[str, Any]) -> Iterator[str]:
    for field, allowed in (("Retry", _RETRY_FIELDS), ("Catch", _CATCH_FIELDS)):
        handlers = state.get(field, [])
        if not isinstance(handlers, list):
            yield f"{field} must be a list"
            continue
        for number, handler in enumerate(handlers):
            last = number == len(handlers) - 1
            yield from (f"{field}[{number}]: {problem}" for problem in _handler(handler, allowed, last))


def _handler(handler: Any, allowed: set[str], last: bool) -> Iterator[str]:
    if not isinstance(handler, Mapping):
        yield "must be an object"
        return
    yield from (f"{name!r} is no field of it" for name in handler.keys() - allowed)
    names = handler.get("ErrorEquals")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        yield "ErrorEquals must be a list of error names"
    elif ALL in names and (len(names) > 1 or not last):
        yield f"{ALL} must stand alone and last"
    if "Next" in allowed and "Next" not in handler:
        yield "needs a Next"
    if handler.get("JitterStrategy", "NONE") not in ("NONE", "FULL"):
        yield "JitterStrategy must be FULL or NONE"
    yield from _numbers(handler, {"IntervalSeconds": 1, "MaxAttempts": 0, "MaxDelaySeconds": 1})
    backoff = handler.get("BackoffRate", 2.0)
    if not isinstance(backoff, int | float) or backoff < 1:
        yield f"BackoffRate must be at least 1.0 (got {backoff!r})"
    yield from _paths({"ResultPath": handler["ResultPath"]} if "ResultPath" in handler else {})


def _choice(state: Mapping[str, Any]) -> Iterator[str]:
    rules = state.get("Choices")
    if not isinstance(rules, list) or not rules:
        yield "Choices must be a list of at least one rule"
        return
    for number, rule in enumerate(rules):
        yield from (f"Choices[{number}]: {problem}" for problem in choices.problems(rule))


def _wait(state: Mapping[str, Any]) -> Iterator[str]:
    given = [field for field in _WAITS if field in state]
    if len(given) != 1:
        yield f"needs one of {', '.join(_WAITS)} (got {', '.join(given) or 'none'})"
    yield from _numbers(state, {"Seconds": 0})
    if "Timestamp" in state and to_timestamp(state["Timestamp"]) is None:
        yield f"Timestamp must be like 2027-01-01T08:00:00Z (got {state['Timestamp']!r})"


def _fail(state: Mapping[str, Any]) -> Iterator[str]:
    for field in ("Error", "Cause"):
        if field in state and f"{field}Path" in state:
            yield f"{field} and {field}Path exclude one another"


def _numbers(fields: Mapping[str, Any], least: Mapping[str, int]) -> Iterator[str]:
    for field, low in least.items():
        value = fields.get(field, low)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= _MOST_SECONDS:
            yield f"{field} must be a whole number of {low}-{_MOST_SECONDS} (got {value!r})"


def _nothing(_state: Mapping[str, Any]) -> Iterator[str]:
    return iter(())


_KINDS = {
    "Task": _task,
    "Pass": _nothing,
    "Choice": _choice,
    "Wait": _wait,
    "Succeed": _nothing,
    "Fail": _fail,
}
