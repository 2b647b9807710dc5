"""The rules of Choice states.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

from typing import Any

import pytest

from local_runtime.states.choices import holds, problems
from local_runtime.states.errors import StatesRuntimeError
from local_runtime.states.paths import Scope

DATA = {
    "s": "b",
    "n": 3,
    "f": 3.5,
    "t": True,
    "z": None,
    "at": "2026-11-22T08:00:00Z",
    "later": "2026-11-22T10:00:00.5+01:00",
    "file": "logs/a*b.txt",
    "empty": "",
}


def rule(name: str, operand: Any, variable: str = "$.s") -> dict[str, Any]:
    return {"Variable": variable, name: operand}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (rule("StringEquals", "b"), True),
        (rule("StringEquals", "B"), False),
        (rule("StringLessThan", "c"), True),
        (rule("StringGreaterThanEquals", "b"), True),
        (rule("StringEqualsPath", "$.s"), True),
        (rule("StringEquals", "3", "$.n"), False),
        (rule("NumericEquals", 3.0, "$.n"), True),
        (rule("NumericLessThanEquals", 3, "$.f"), False),
        (rule("NumericGreaterThanPath", "$.n", "$.f"), True),
        (rule("NumericEquals", 1, "$.t"), False),
        (rule("BooleanEquals", True, "$.t"), True),
        (rule("BooleanEqualsPath", "$.t", "$.t"), True),
        (rule("BooleanEquals", True, "$.n"), False),
        (rule("TimestampLessThan", "2026-11-22T09:00:00+00:00", "$.at"), True),
        (rule("TimestampEquals", "2026-11-22T09:00:00+01:00", "$.at"), True),
        (rule("TimestampGreaterThanPath", "$.at", "$.later"), True),
        (rule("TimestampEquals", "2026-11-22T08:00:00Z", "$.s"), False),
        (rule("StringMatches", "logs/*.txt", "$.file"), True),
        (rule("StringMatches", r"*a\*b*", "$.file"), True),
        (rule("StringMatches", r"logs/a\*", "$.file"), False),
        (rule("StringMatches", "logs.a*", "$.file"), False),
        (rule("IsNull", True, "$.z"), True),
        (rule("IsNull", False, "$.s"), True),
        (rule("IsPresent", True, "$.z"), True),
        (rule("IsPresent", False, "$.gone.deep"), True),
        (rule("IsString", True, "$.empty"), True),
        (rule("IsNumeric", True, "$.t"), False),
        (rule("IsNumeric", True, "$.f"), True),
        (rule("IsBoolean", True, "$.t"), True),
        (rule("IsTimestamp", True, "$.at"), True),
        (rule("IsTimestamp", False, "$.s"), True),
        (rule("StringEquals", "one", "$$.Execution.Name"), True),
        ({"Not": rule("StringEquals", "b")}, False),
        ({"And": [rule("StringEquals", "b"), rule("IsNull", False)]}, True),
        ({"And": [rule("IsPresent", True, "$.gone"), rule("IsNull", True, "$.gone")]}, False),
        ({"Or": [rule("StringEquals", "a"), {"Not": rule("StringEquals", "c")}]}, True),
    ],
    ids=str,
)
def test_a_rule_holds_or_does_not(given: dict[str, Any], expected: bool) -> None:
    assert list(problems(given, top=False)) == []
    assert holds(given, Scope(DATA, {"Execution": {"Name": "one"}})) is expected


@pytest.mark.parametrize(
    "given",
    [rule("StringEquals", "b", "$.gone"), rule("IsNull", True, "$.gone"), rule("StringEqualsPath", "$.gone")],
)
def test_a_variable_that_is_not_there_is_a_runtime_error(given: dict[str, Any]) -> None:
    with pytest.raises(StatesRuntimeError, match="Invalid path"):
        holds(given, Scope(DATA, {}))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Variable": "$.a", "Next": "B"}, "one comparison"),
        ({**rule("StringEquals", "a"), "IsNull": True, "Next": "B"}, "one comparison"),
        (rule("StringEquals", "a"), "has a Next"),
        ({"Not": {**rule("StringEquals", "a"), "Next": "B"}, "Next": "B"}, "has a Next"),
        ({**rule("StringEquals", 3), "Next": "B"}, "cannot compare with 3"),
        ({**rule("NumericEquals", "3"), "Next": "B"}, "cannot compare"),
        ({**rule("TimestampEquals", "yesterday"), "Next": "B"}, "cannot compare"),
        ({**rule("IsNull", "yes"), "Next": "B"}, "takes true or false"),
        ({**rule("StringSounds", "a"), "Next": "B"}, "'StringSounds' is no comparison"),
        ({**rule("BooleanLessThan", True), "Next": "B"}, "is no comparison"),
        ({**rule("StringEquals", "a", "s"), "Next": "B"}, "Variable: a path begins with"),
        ({**rule("StringEqualsPath", "s"), "Next": "B"}, "StringEqualsPath: a path begins"),
        ({"And": [], "Next": "B"}, "takes a list of rules"),
        ({"Or": [3], "Next": "B"}, "must be an object"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(given: dict[str, Any], message: str) -> None:
    assert any(message in problem for problem in problems(given)), list(problems(given))
