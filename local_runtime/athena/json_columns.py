"""JSON objects -> Arrow in one step, where every value already is of its column's type.

It is what most files are. Numbers in quotes, objects in string columns, names in two spellings and the like
are left to `json_rows`, which converts value by value as the SerDes do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa

from local_runtime.athena.hive_types import HiveType

MOST_SHAPES = 200
"""Of the objects of one place; where there are more, little is alike."""
_TYPES: Mapping[str, frozenset[type]] = {
    "string": frozenset({str}),
    "int": frozenset({int}),
    "bigint": frozenset({int}),
    "double": frozenset({int, float}),
    "boolean": frozenset({bool}),
    "struct": frozenset({dict}),
    "array": frozenset({list}),
}
_NULL = type(None)

Spelling = Mapping[str, str]
"""A name in lower case -> as the objects spell it."""


class DiffersError(Exception):
    """The objects are not all as their type says."""


def read_columns(
    documents: Sequence[dict[str, Any]], keys: Mapping[str, str], columns: Sequence[tuple[str, HiveType]]
) -> dict[str, pa.Array] | None:
    """The columns of the objects; None where one value, anywhere, needs a conversion.

    Args:
        keys: column -> the key in lower case under which its values are.
    """
    try:
        spelling, seen = _shapes(documents)
        found = {}
        for name, kind in columns:
            key = spelling.get(keys[name])
            values = [document.get(key) for document in documents] if key is not None else []
            if key is None:
                found[name] = pa.nulls(len(documents), kind.arrow)
            else:
                _check_types(kind, seen[key])
                found[name] = _array(values, kind)
    except (DiffersError, pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return None
    return found


def _array(values: Sequence[Any], kind: HiveType) -> pa.Array:
    """Values whose own types are right -> Arrow; what is inside of them is looked at here."""
    if kind.name == "array":
        lists = [value for value in values if value is not None]
        items = list(chain.from_iterable(lists))
        element = kind.fields[0][1]
        _check_types(element, set(map(type, items)))
        lengths = [None if value is None else len(value) for value in values]
        return pa.ListArray.from_arrays(_offsets(lengths), _array(items, element))
    if kind.name == "struct":
        objects = [value for value in values if value is not None]
        members = read_members(objects, kind)
        if len(objects) < len(values):
            places = _places(values)
            members = [member.take(places) for member in members]
            mask = places.is_null()
            return pa.StructArray.from_arrays(members, fields=list(kind.arrow), mask=mask)
        return pa.StructArray.from_arrays(members, fields=list(kind.arrow))
    return pa.array(values, kind.arrow)


def read_members(objects: Sequence[dict[str, Any]], kind: HiveType) -> list[pa.Array]:
    names = [name for name, _ in kind.fields]
    if not names:
        raise DiffersError
    found = read_columns(objects, {name: name for name in names}, kind.fields)
    if found is None:
        raise DiffersError
    return [found[name] for name in names]


def _places(values: Sequence[Any]) -> pa.Array:
    """Where each value stands among those that are not null."""
    number, places = 0, []
    for value in values:
        places.append(None if value is None else number)
        number += value is not None
    return pa.array(places, pa.int64())


def _offsets(lengths: Iterable[int | None]) -> pa.Array:
    """As a list array has them: a null list's offset is null."""
    end, offsets = 0, []
    for length in lengths:
        offsets.append(None if length is None else end)
        end += length or 0
    return pa.array([*offsets, end], pa.int32())


def _shapes(documents: Sequence[dict[str, Any]]) -> tuple[Spelling, Mapping[str, set[type]]]:
    """How names are spelt and which types their values have; most objects are alike, so this is quick."""
    shapes = {(tuple(document), tuple(map(type, document.values()))) for document in documents}
    if len(shapes) > MOST_SHAPES:
        raise DiffersError
    spelling: dict[str, str] = {}
    seen: dict[str, set[type]] = {}
    for names, types in shapes:
        for name, kind in zip(names, types, strict=True):
            if spelling.setdefault(name.lower(), name) != name:
                raise DiffersError
            seen.setdefault(name, set()).add(kind)
    return spelling, seen


def _check_types(kind: HiveType, seen: Iterable[type]) -> None:
    allowed = _TYPES.get(kind.name, frozenset())
    if any(found is not _NULL and found not in allowed for found in seen):
        raise DiffersError
