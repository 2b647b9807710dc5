"""The type of a JSON value, and of all values of a column together, in Glue's words.

https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html
Whole numbers are int or bigint, others double; an object is a struct, an array has one element type; values
that fit no common type are string, which the JSON SerDe reads all of them as.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

MAX_DEPTH = 32
"""Below so many levels a value is a string."""
MAX_MEMBERS = 1000
"""An object with more is a string: its keys are values, not names."""
_NUMBERS = ("int", "bigint", "double")
_INT, _BIGINT = 2**31, 2**63
_MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""What a struct's member may be called inside a type; Athena refuses to read others."""


@dataclass(frozen=True, slots=True)
class Inferred:
    """What is known of a column: `null` when no value came yet."""

    kind: str
    element: Inferred | None = None
    members: tuple[tuple[str, Inferred], ...] = ()
    """A struct's, by first appearance, as they were spelt first."""


NULL, STRING, EMPTY = Inferred("null"), Inferred("string"), Inferred("struct")
_SCALARS = {name: Inferred(name) for name in ("boolean", *_NUMBERS)}


def infer(value: Any, depth: int = 0) -> Inferred:
    """The type of one JSON value."""
    match value:
        case None:
            return NULL
        case str():
            return STRING
        case bool():
            return _SCALARS["boolean"]
        case int():
            return _SCALARS[_whole(value)]
        case float():
            return _SCALARS["double"]
        case _ if depth >= MAX_DEPTH:
            return STRING
        case dict():
            members = [(name, infer(item, depth + 1)) for name, item in value.items()]
            return merge(EMPTY, Inferred("struct", members=tuple(members)))
        case list():
            return Inferred("array", merge_all(infer(item, depth + 1) for item in value))
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _whole(value: int) -> str:
    if -_INT <= value < _INT:
        return "int"
    return "bigint" if -_BIGINT <= value < _BIGINT else "double"


def merge_all(types: Iterable[Inferred]) -> Inferred:
    return reduce(merge, types, NULL)


def merge(left: Inferred, right: Inferred) -> Inferred:
    """The type that takes the values of both."""
    if left == right and left.kind != "struct":
        return left
    kinds = {left.kind, right.kind}
    if left.kind == right.kind == "struct":
        return _merge_structs(left, right)
    if left.kind == right.kind == "array":
        return Inferred("array", merge_all(item.element for item in (left, right) if item.element))
    if "null" in kinds:
        return left if right.kind == "null" else right
    if kinds <= set(_NUMBERS):
        return _SCALARS[max(kinds, key=_NUMBERS.index)]
    return STRING


def _merge_structs(left: Inferred, right: Inferred) -> Inferred:
    """Names that differ in case alone are one member: neither SerDe nor Athena tells them apart."""
    if left.members == right.members:
        return left
    spelt: dict[str, str] = {}
    types: dict[str, Inferred] = {}
    for name, kind in (*left.members, *right.members):
        key = name.lower()
        spelt.setdefault(key, name)
        types[key] = merge(types[key], kind) if key in types else kind
    return Inferred("struct", members=tuple((spelt[key], kind) for key, kind in types.items()))


def hive_type(inferred: Inferred) -> str:
    """The type as a Glue column has it."""
    match inferred.kind:
        case "null":
            return "string"
        case "array" if inferred.element is not None:
            return f"array<{hive_type(inferred.element)}>"
        case "struct":
            return _struct_type(inferred.members)
    return inferred.kind


def _struct_type(members: Sequence[tuple[str, Inferred]]) -> str:
    """Glue would write types here that Athena cannot read: `struct<>`, `struct<sub-type:int>`."""
    if not 1 <= len(members) <= MAX_MEMBERS or any(not _MEMBER.fullmatch(name) for name, _ in members):
        return "string"
    return f"struct<{','.join(f'{name}:{hive_type(kind)}' for name, kind in members)}>"


def columns(inferred: Inferred) -> list[tuple[str, str]]:
    """(name in lower case, type) of the columns of a table whose rows have this type."""
    return [(name.lower(), hive_type(kind)) for name, kind in inferred.members if name]


def similarity(left: Inferred, right: Inferred) -> float:
    """How many of the columns of the one with fewer the other has too, with types that go together; 0 to 1.

    Glue's own measure is not documented. What is left out of a JSON object is no difference here.
    """
    mine, theirs = _by_name(left), _by_name(right)
    shared = [name for name in mine if name in theirs and _fit(mine[name], theirs[name])]
    fewer = min(len(mine), len(theirs))
    return len(shared) / fewer if fewer else 1.0


def _by_name(inferred: Inferred) -> Mapping[str, Inferred]:
    return {name.lower(): kind for name, kind in inferred.members}


def _fit(left: Inferred, right: Inferred) -> bool:
    return merge(left, right).kind != "string" or "string" in (left.kind, right.kind)


def to_json(inferred: Inferred) -> Any:
    """As JSON, for the state directory; `from_json` is its inverse."""
    if inferred.kind == "array" and inferred.element is not None:
        return ["array", to_json(inferred.element)]
    if inferred.kind == "struct":
        return ["struct", [[name, to_json(kind)] for name, kind in inferred.members]]
    return inferred.kind


def from_json(value: Any) -> Inferred:
    if isinstance(value, str):
        return Inferred(value)
    kind, inner = value
    if kind == "array":
        return Inferred("array", from_json(inner))
    return Inferred("struct", members=tuple((name, from_json(item)) for name, item in inner))
