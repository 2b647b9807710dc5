"""The sentences of a configuration error: what is wrong, what was found and what is allowed.

What is allowed is read from the models' own JSON schema, so that no limit is written twice.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from stacks.errors import AppError

Schema = Mapping[str, Any]


class ConfigError(AppError):
    """Everything that is wrong with the configuration, one line a mistake."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


def describe(error: ValidationError, schema: Schema, file: str) -> list[str]:
    return [f"{file}: {_sentence(details, schema)}" for details in error.errors()]


def _sentence(error: ErrorDetails, root: Schema) -> str:
    path = _path(error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{path}: {_unknown_key(str(error['loc'][-1]), _node(root, error['loc'][:-1]))}"
    if error["type"] == "missing":
        return f"{path}: is missing; it must be {allowed(_node(root, error['loc']), root)}"
    if error["type"] == "value_error":
        said = str(error["ctx"]["error"])
        return f"{path}: {said}" if path else said
    node = _node(root, error["loc"])
    return f"{path}: must be {allowed(node, root)} (got {json.dumps(error['input'], default=str)})"


def _path(location: Sequence[int | str]) -> str:
    """`("a", "b", 0)` as `a.b[0]`."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _unknown_key(key: str, parent: Schema) -> str:
    known = list(parent.get("properties", ()))
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"is not a setting; {hint}allowed here: {', '.join(known)}"


def _node(root: Schema, location: Sequence[int | str]) -> Schema:
    """The part of the schema that describes the value at a location."""
    node = resolved(root, root)
    for part in location:
        if isinstance(part, int):
            node = node["items"]
        else:
            node = node.get("properties", {}).get(part) or node["additionalProperties"]
        node = resolved(node, root)
    return node


def resolved(node: Schema, root: Schema) -> Schema:
    """A part of the schema with its reference followed, and without the `null` of an optional value."""
    if "$ref" in node:
        name = str(node["$ref"]).rsplit("/", 1)[-1]
        return {**root["$defs"][name], **{key: value for key, value in node.items() if key != "$ref"}}
    if "anyOf" in node:
        real = next(branch for branch in node["anyOf"] if branch.get("type") != "null")
        return {**resolved(real, root), **{key: value for key, value in node.items() if key != "anyOf"}}
    return node


def allowed(node: Schema, root: Schema) -> str:
    """What a value may be, in a few words."""
    node = resolved(node, root)
    if "allowed" in node:
        return str(node["allowed"])
    if "enum" in node:
        return f"one of {', '.join(map(str, node['enum']))}"
    kind = node.get("type")
    if kind in ("integer", "number"):
        return f"{node['minimum']}-{node['maximum']}"
    if kind == "array":
        return f"a list, each item {allowed(node['items'], root)}"
    return {"boolean": "true or false", "string": "text", "object": "a JSON object"}[str(kind)]
