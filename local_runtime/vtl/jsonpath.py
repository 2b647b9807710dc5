"""JSONPath as `$input.path` and `$input.json` take it.

A path that names one place (`$.a['b'][0]`) is walked directly; wildcards, slices, filters and `..` are
python-jsonpath's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jsonpath

from local_runtime.vtl.errors import TemplateError

Finder = Callable[[Any], Any]

_DEFINITE_STEP = re.compile(
    r"""\.([^\s.\[\]()*?@'",:]+)|\[\s*'((?:[^'\\]|\\.)*)'\s*\]|\[\s*"((?:[^"\\]|\\.)*)"\s*\]|\[\s*(-?\d+)\s*\]"""
)


@lru_cache(maxsize=4096)
def compile_path(path: str) -> Finder:
    """A function that gives what `path` names: None where nothing is there, a list for several places."""
    text = path.strip()
    if not text.startswith("$"):
        text = f"$.{text}" if text else "$"
    steps = _definite_steps(text)
    return _indefinite(text) if steps is None else _definite(steps)


def _definite_steps(text: str) -> tuple[str | int, ...] | None:
    steps: list[str | int] = []
    position = 1
    while position < len(text):
        match = _DEFINITE_STEP.match(text, position)
        if match is None:
            return None
        if match[4] is not None:
            steps.append(int(match[4]))
        else:
            name = next(group for group in match.groups()[:3] if group is not None)
            steps.append(re.sub(r"\\(.)", r"\1", name) if match[1] is None else name)
        position = match.end()
    return tuple(steps)


def _definite(steps: tuple[str | int, ...]) -> Finder:
    def find(document: Any) -> Any:
        value = document
        for step in steps:
            if isinstance(step, str):
                if type(value) is not dict:
                    return None
                value = value.get(step)
            elif type(value) is list and -len(value) <= step < len(value):
                value = value[step]
            else:
                return None
        return value

    return find


def _indefinite(text: str) -> Finder:
    try:
        compiled = jsonpath.compile(text)
    except jsonpath.JSONPathError as error:
        raise TemplateError(f"{text!r} is no JSONPath: {str(error).splitlines()[0]}") from error
    return lambda document: compiled.findall(document)
