"""CloudFormation's intrinsic functions as pure functions over plain values.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from local_runtime.errors import LocalRuntimeError

NO_VALUE = object()
"""`Ref: AWS::NoValue`: the property is as if it were not there."""

_SUB_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")


class Scope(Protocol):
    """Where references lead: one stack among its siblings."""

    def ref(self, name: str) -> Any: ...
    def attribute(self, logical_id: str, name: str) -> Any: ...
    def condition(self, name: str) -> bool: ...
    def imported(self, export: str) -> Any: ...
    def mapping(self, name: str, top: str, second: str) -> Any: ...


def resolve(value: Any, scope: Scope) -> Any:
    """`value` with every intrinsic function in it replaced by what it gives.

    Raises:
        LocalRuntimeError: an intrinsic function that the local run does not know, or a reference to nothing.
    """
    if isinstance(value, list):
        items = (resolve(item, scope) for item in value)
        return [item for item in items if item is not NO_VALUE]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        key, argument = next(iter(value.items()))
        if key in _FUNCTIONS:
            return _FUNCTIONS[key](argument, scope)
        if key == "Condition" and isinstance(argument, str):
            return scope.condition(argument)
        if key.startswith("Fn::"):
            known = ", ".join(sorted(_FUNCTIONS))
            raise LocalRuntimeError(f"the intrinsic function {key} is not one of {known}")
    members = {key: resolve(member, scope) for key, member in value.items()}
    return {key: member for key, member in members.items() if member is not NO_VALUE}


def evaluate_condition(definition: Any, scope: Scope) -> bool:
    """The truth of a condition function (`Fn::Equals`, `Fn::And`, ...)."""
    result = resolve(definition, scope)
    if not isinstance(result, bool):
        raise LocalRuntimeError(f"a condition must be true or false (got {result!r})")
    return result


def _ref(argument: Any, scope: Scope) -> Any:
    return NO_VALUE if argument == "AWS::NoValue" else scope.ref(argument)


def _get_att(argument: Any, scope: Scope) -> Any:
    logical_id, name = argument.split(".", 1) if isinstance(argument, str) else argument
    return scope.attribute(logical_id, resolve(name, scope))


def _join(argument: Any, scope: Scope) -> str:
    delimiter, parts = argument
    return str(delimiter).join(_text(part) for part in resolve(parts, scope))


def _sub(argument: Any, scope: Scope) -> str:
    template, variables = (argument, {}) if isinstance(argument, str) else argument
    values = resolve(variables, scope)

    def replace(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:
            return "${" + name + "}"
        if name in values:
            return _text(values[name])
        return _text(_get_att(name, scope) if "." in name else _ref(name, scope))

    return _SUB_VARIABLE.sub(replace, template)


def _select(argument: Any, scope: Scope) -> Any:
    index, items = resolve(argument, scope)
    try:
        return items[int(index)]
    except IndexError:
        raise LocalRuntimeError(f"Fn::Select: index {index} is outside a list of {len(items)}") from None


def _split(argument: Any, scope: Scope) -> list[str]:
    delimiter, text = resolve(argument, scope)
    return str(text).split(delimiter)


def _if(argument: Any, scope: Scope) -> Any:
    name, then, otherwise = argument
    return resolve(then if scope.condition(name) else otherwise, scope)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


_FUNCTIONS: Mapping[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Join": _join,
    "Fn::Sub": _sub,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::If": _if,
    "Fn::ImportValue": lambda argument, scope: scope.imported(resolve(argument, scope)),
    "Fn::FindInMap": lambda argument, scope: scope.mapping(*resolve(argument, scope)),
    "Fn::Base64": lambda argument, scope: base64.b64encode(resolve(argument, scope).encode()).decode(),
    "Fn::Equals": lambda argument, scope: len({_text(item) for item in resolve(argument, scope)}) == 1,
    "Fn::And": lambda argument, scope: all(resolve(argument, scope)),
    "Fn::Or": lambda argument, scope: any(resolve(argument, scope)),
    "Fn::Not": lambda argument, scope: not resolve(argument, scope)[0],
}
