"""The rules of a Choice state.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from local_runtime.states.errors import DefinitionError, StatesRuntimeError
from local_runtime.states.paths import Scope, parse_path

Rule = Mapping[str, Any]

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def to_timestamp(value: Any) -> datetime | None:
    """A time in the profile of RFC 3339 that states use; None for anything else."""
    if not isinstance(value, str) or _TIMESTAMP.fullmatch(value) is None:
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        return None


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "String": _string,
    "Numeric": _number,
    "Boolean": _boolean,
    "Timestamp": to_timestamp,
}


def _comparison(
    read: Callable[[Any], Any], compare: Callable[[Any, Any], bool]
) -> Callable[[Any, Any], bool]:
    def holds(value: Any, wanted: Any) -> bool:
        found, other = read(value), read(wanted)
        return found is not None and other is not None and compare(found, other)

    return holds


COMPARISONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], bool]]] = {
    f"{kind}{name}": (read, _comparison(read, compare))
    for kind, read in _READERS.items()
    for name, compare in _ORDER.items()
    if kind != "Boolean" or name == "Equals"
}
"""Operator -> what reads its operand, and whether a value and an operand of its type agree.

Values of another type do not match, they are no error.
"""

TESTS: Mapping[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": lambda value: _number(value) is not None,
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: to_timestamp(value) is not None,
}
_COMBINATIONS = ("And", "Or", "Not")
_OTHERS = {"Variable", "Next", "Comment"}


def _like(pattern: str) -> re.Pattern[str]:
    """`*` is any text, `\\*` an asterisk, `\\\\` a backslash."""
    parts = (
        ".*" if part == "*" else re.escape(part[-1] if part.startswith("\\") else part)
        for part in re.findall(r"\\[*\\]|\*|[^*\\]+|\\", pattern)
    )
    return re.compile("".join(parts), re.DOTALL)


def holds(rule: Rule, scope: Scope) -> bool:
    """
    Raises:
        StatesRuntimeError: a variable that is compared is not there.
    """
    if "And" in rule:
        return all(holds(inner, scope) for inner in rule["And"])
    if "Or" in rule:
        return any(holds(inner, scope) for inner in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], scope)
    name, wanted = _operator(rule)
    found = parse_path(rule["Variable"]).find(scope)
    if name == "IsPresent":
        return bool(found) is wanted
    value = _only(rule["Variable"], found)
    if name in TESTS:
        return TESTS[name](value) is wanted
    if name.endswith("Path"):
        name, wanted = name.removesuffix("Path"), _only(wanted, parse_path(wanted).find(scope))
    if name == "StringMatches":
        return isinstance(value, str) and _like(wanted).fullmatch(value) is not None
    return COMPARISONS[name][1](value, wanted)


def _only(path: str, found: list[Any]) -> Any:
    if not found:
        raise StatesRuntimeError(
            f"Invalid path '{path}': The choice state's condition path references an invalid value."
        )
    return found[0]


def _operator(rule: Rule) -> tuple[str, Any]:
    return next((name, value) for name, value in rule.items() if name not in _OTHERS)


def problems(rule: Rule, *, top: bool = True) -> Iterator[str]:
    """What is wrong with a rule of a definition."""
    if not isinstance(rule, Mapping):
        yield "a rule must be an object"
        return
    if ("Next" in rule) != top:
        yield "a rule has a Next, the rules inside it have none"
    operators = [name for name in rule if name not in _OTHERS]
    if len(operators) != 1:
        yield f"a rule has one comparison (got {', '.join(operators) or 'none'})"
        return
    name, operand = operators[0], rule[operators[0]]
    if name in _COMBINATIONS:
        inner = [operand] if name == "Not" else operand
        if not isinstance(inner, list) or not inner:
            yield f"{name} takes a list of rules"
            return
        for one in inner:
            yield from problems(one, top=False)
    else:
        yield from _comparison_problems(rule, name, operand)


def _comparison_problems(rule: Rule, name: str, operand: Any) -> Iterator[str]:
    try:
        parse_path(str(rule.get("Variable", "")))
    except DefinitionError as error:
        yield f"Variable: {error}"
    if name in TESTS or name == "IsPresent":
        if not isinstance(operand, bool):
            yield f"{name} takes true or false"
    elif name == "StringMatches":
        if not isinstance(operand, str):
            yield f"{name} takes a text"
    elif name in COMPARISONS:
        if COMPARISONS[name][0](operand) is None:
            yield f"{name} cannot compare with {operand!r}"
    elif name.removesuffix("Path") in COMPARISONS:
        try:
            parse_path(str(operand))
        except DefinitionError as error:
            yield f"{name}: {error}"
    else:
        yield f"{name!r} is no comparison"
