"""A stage's access log: its format with the `$context` variables of a request filled in.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local_runtime.vtl.values import to_text

_VARIABLE = re.compile(r"\$context((?:\.[A-Za-z_][\w-]*|\['[^']*'\])+)")
_PART = re.compile(r"\.([A-Za-z_][\w-]*)|\['([^']*)'\]")

Write = Callable[[Mapping[str, Any]], str]


def compile_format(text: str) -> Write:
    """A function from `$context` to the log line; a variable without a value is `-`."""
    literals: list[str] = []
    paths: list[tuple[str, ...]] = []
    position = 0
    for match in _VARIABLE.finditer(text):
        literals.append(text[position : match.start()])
        paths.append(tuple(dotted or quoted for dotted, quoted in _PART.findall(match[1])))
        position = match.end()
    rest = text[position:]

    def write(context: Mapping[str, Any]) -> str:
        parts = [
            part
            for literal, path in zip(literals, paths, strict=True)
            for part in (literal, _value(context, path))
        ]
        return "".join(parts) + rest

    return write


def _value(context: Mapping[str, Any], path: tuple[str, ...]) -> str:
    found: Any = context
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return "-" if found is None or found == "" else to_text(found)
