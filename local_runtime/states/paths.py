"""What states do with their input and output: paths and reference paths.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import jsonpath
from jsonpath.selectors import NameSelector

from local_runtime.states.errors import DefinitionError, StatesError, StatesRuntimeError


@dataclass(frozen=True)
class Scope:
    """What paths look into: `$` is a state's data, `$$` the context object."""

    data: Any
    context: Mapping[str, Any]


@dataclass(frozen=True)
class Path:
    """`$.a.b`, `$$.Execution.Input`, `$.list[*].name`."""

    text: str
    of_context: bool
    compiled: jsonpath.JSONPath
    definite: bool
    """It names one place; else its value is the list of all that it finds."""

    def find(self, scope: Scope) -> list[Any]:
        """Every value that is there."""
        return self.compiled.findall(scope.context if self.of_context else scope.data)

    def value(self, scope: Scope, field: str) -> Any:
        """
        Raises:
            StatesRuntimeError: it names one place, and nothing is there.
        """
        found = self.find(scope)
        if not self.definite:
            return found
        if not found:
            looked = "the context object" if self.of_context else f"the input '{to_json(scope.data)}'"
            raise StatesRuntimeError(
                f"The JSONPath '{self.text}' specified for the field '{field}' could not be found in {looked}"
            )
        return found[0]

    @property
    def steps(self) -> list[str | int]:
        """The names and indexes of a reference path."""
        selectors = [segment.selectors[0] for segment in self.compiled.segments]
        return [item.name if isinstance(item, NameSelector) else int(str(item)) for item in selectors]


@lru_cache(maxsize=4096)
def parse_path(text: str) -> Path:
    """
    Raises:
        DefinitionError: it is no JSONPath.
    """
    of_context = text.startswith("$$")
    plain = text[1:] if of_context else text
    if not plain.startswith("$"):
        raise DefinitionError(f"a path begins with '$' (got {text!r})")
    try:
        compiled = jsonpath.compile(plain)
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise DefinitionError(f"{text!r} is no JSONPath: {str(error).splitlines()[0]}") from None
    if not isinstance(compiled, jsonpath.JSONPath):
        raise DefinitionError(f"{text!r} is several JSONPaths")
    return Path(text, of_context, compiled, compiled.singular_query())


def parse_reference_path(text: str) -> Path:
    """A path of names and indexes in the state's data: `ResultPath`.

    Raises:
        DefinitionError: it is none.
    """
    path = parse_path(text)
    if path.of_context or not path.definite:
        raise DefinitionError(f"must name one place in the state's input (got {text!r})")
    return path


def select(field: str, path: str | None, scope: Scope) -> Any:
    """`InputPath` and `OutputPath`: null gives an empty object."""
    return {} if path is None else parse_path(path).value(scope, field)


def put(result: Any, path: str | None, data: Any) -> Any:
    """`ResultPath`: the state's input with its result in it; null drops the result.

    Raises:
        StatesError: States.ResultPathMatchFailure, the path leads through something that is no object.
    """
    if path is None:
        return data
    steps = parse_reference_path(path).steps
    if not steps:
        return result
    whole = copy.deepcopy(data)
    try:
        place = whole
        for step, following in pairwise(steps):
            if isinstance(step, str) and place.get(step) is None:
                if not isinstance(following, str):
                    raise LookupError(step)
                place[step] = {}
            place = place[step]
        if isinstance(steps[-1], str) and not isinstance(place, dict):
            raise LookupError(steps[-1])
        place[steps[-1]] = result
    except (LookupError, TypeError, AttributeError):
        raise StatesError(
            "States.ResultPathMatchFailure",
            f"Unable to apply ReferencePath {path} to input {to_json(data)}",
        ) from None
    return whole


def to_json(value: Any) -> str:
    """A value as Step Functions writes it: compact."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
