"""The methods and properties that a template may ask of a value: Java's String, List, Map and numbers.

`METHODS[name][type(value)]` is the function to call; a pair that is not there is null, as on AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local_runtime.vtl.java import equal, pattern, replace_all, replace_first, split
from local_runtime.vtl.values import Entry, JavaList, to_text

Function = Callable[..., Any]
METHODS: dict[str, dict[type, Function]] = {}
PROPERTIES: dict[str, dict[type, Function]] = {}


def register(table: dict[str, dict[type, Function]], kind: type, functions: Mapping[str, Function]) -> None:
    for name, function in functions.items():
        table.setdefault(name, {})[kind] = function


def _at(items: list[Any], index: int) -> Any:
    if index < 0:
        raise IndexError(f"index {index} of a list of {len(items)}")
    return items[index]


def _set_at(items: list[Any], index: int, value: Any) -> Any:
    before = _at(items, index)
    items[index] = value
    return before


def _add(items: list[Any], *value: Any) -> Any:
    if len(value) == 1:
        items.append(value[0])
        return True
    index, item = value
    items.insert(index, item)
    return None


def _add_all(items: list[Any], more: list[Any]) -> bool:
    items.extend(more)
    return bool(more)


def _remove(items: list[Any], which: Any) -> Any:
    """By position for a number, by value for anything else, as Java's overloads decide."""
    if isinstance(which, int) and not isinstance(which, bool):
        _at(items, which)
        return items.pop(which)
    if which not in items:
        return False
    items.remove(which)
    return True


def _index_of(items: list[Any], value: Any) -> int:
    return items.index(value) if value in items else -1


def _put(members: dict[str, Any], key: Any, value: Any) -> Any:
    before = members.get(key)
    members[key] = value
    return before


def _put_all(members: dict[str, Any], more: dict[str, Any]) -> None:
    members.update(more)


def _substring(text: str, begin: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    if not 0 <= begin <= stop <= len(text):
        raise IndexError(f"substring({begin}, {stop}) of a string of length {len(text)}")
    return text[begin:stop]


def _char_at(text: str, index: int) -> str:
    return _substring(text, index, index + 1)


def _typed(check: type, function: Function) -> Function:
    """Python would take some arguments that Java's method has no overload for."""

    def call(value: Any, *arguments: Any) -> Any:
        if not all(isinstance(argument, check) for argument in arguments):
            raise TypeError("no such overload")
        return function(value, *arguments)

    return call


_STRING: dict[str, Function] = {
    "length": len,
    "isEmpty": lambda text: not text,
    "toUpperCase": str.upper,
    "toLowerCase": str.lower,
    "trim": lambda text: text.strip("".join(map(chr, range(33)))),
    "concat": _typed(str, lambda text, more: text + more),
    "contains": _typed(str, lambda text, part: part in text),
    "startsWith": _typed(str, str.startswith),
    "endsWith": _typed(str, str.endswith),
    "indexOf": _typed(str, str.find),
    "lastIndexOf": _typed(str, str.rfind),
    "equalsIgnoreCase": _typed(str, lambda text, other: text.casefold() == other.casefold()),
    "matches": _typed(str, lambda text, regex: pattern(regex).fullmatch(text) is not None),
    "replace": _typed(str, lambda text, old, new: text.replace(old, new)),
    "replaceAll": _typed(str, replace_all),
    "replaceFirst": _typed(str, replace_first),
    "split": _typed(str, lambda text, regex: JavaList(split(text, regex))),
    "substring": _typed(int, _substring),
    "charAt": _typed(int, _char_at),
}
_LIST: dict[str, Function] = {
    "size": len,
    "isEmpty": lambda items: not items,
    "get": _typed(int, _at),
    "set": _set_at,
    "add": _add,
    "addAll": _typed(list, _add_all),
    "remove": _remove,
    "clear": lambda items: items.clear(),
    "contains": lambda items, value: value in items,
    "indexOf": _index_of,
    "subList": _typed(int, lambda items, begin, end: JavaList(items[begin:end])),
}
_MAP: dict[str, Function] = {
    "size": len,
    "isEmpty": lambda members: not members,
    "get": lambda members, key: members.get(key),
    "getOrDefault": lambda members, key, default: members.get(key, default),
    "put": _put,
    "putAll": _typed(dict, _put_all),
    "remove": lambda members, key: members.pop(key, None),
    "clear": lambda members: members.clear(),
    "containsKey": lambda members, key: key in members,
    "containsValue": lambda members, value: value in members.values(),
    "keySet": lambda members: JavaList(members),
    "values": lambda members: JavaList(members.values()),
    "entrySet": lambda members: JavaList(Entry(key, value) for key, value in members.items()),
}
_NUMBER: dict[str, Function] = {
    "intValue": int,
    "longValue": int,
    "doubleValue": float,
    "compareTo": lambda number, other: (number > other) - (number < other),
}
_ANY: dict[str, Function] = {"toString": to_text, "equals": equal}

for _kind in (str, list, JavaList, dict, int, float, bool, Entry):
    register(METHODS, _kind, _ANY)
for _kind, _functions in ((str, _STRING), (list, _LIST), (JavaList, _LIST), (dict, _MAP)):
    register(METHODS, _kind, _functions)
for _kind in (int, float):
    register(METHODS, _kind, _NUMBER)
for _kind in (str, list, JavaList):
    register(PROPERTIES, _kind, {"empty": lambda value: not value})
register(METHODS, Entry, {"getKey": lambda entry: entry.key, "getValue": lambda entry: entry.value})
register(PROPERTIES, Entry, {"key": lambda entry: entry.key, "value": lambda entry: entry.value})
