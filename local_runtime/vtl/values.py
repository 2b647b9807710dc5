"""The values of a template that Python lacks, and the text that Java and json-smart print for a value.

A JSON array (`list`) prints as JSON and a map as `{a=1}`, as API Gateway prints them; a list that a template
made (`JavaList`) prints as Java prints it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any

Scope = dict[str, Any]
Append = Callable[[str], None]

# json-smart writes these characters of a string as \uXXXX; other non-ASCII ones stay as they are.
_JSON_SMART_ESCAPES = re.compile("[\x7f-\x9f\u2000-\u20ff]")


class JavaList(list[Any]):
    """A list made by a template: `[1, 2]`, `$map.keySet()`, `$text.split(",")`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of `$map.entrySet()`."""

    key: str
    value: Any


class Definition:
    """What `#define` leaves in the scope: a block that is rendered where it is printed."""

    __slots__ = ("body", "scope")

    def __init__(self, body: Callable[[Scope, Append], None], scope: Scope) -> None:
        self.body = body
        self.scope = scope

    def render(self) -> str:
        out: list[str] = []
        self.body(self.scope, out.append)
        return "".join(out)


def to_text(value: Any) -> str:
    """What a reference to `value` prints; null prints nothing (stock Velocity prints the reference)."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return str(value)
    return "" if value is None else _java_text(value)


def _java_text(value: Any) -> str:
    """Java's `String.valueOf`."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_java_text(key)}={_java_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, JavaList):
        return "[" + ", ".join(map(_java_text, value)) + "]"
    if isinstance(value, list):
        return to_json(value, escape_slash=True)
    if isinstance(value, Entry):
        return f"{value.key}={_java_text(value.value)}"
    return value.render() if isinstance(value, Definition) else str(value)


def to_json(value: Any, *, escape_slash: bool = False) -> str:
    """JSON as json-smart writes it; `escape_slash` is how it prints an array outside `$input.json`."""
    if isinstance(value, str):
        return _json_string(value, escape_slash)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, dict):
        members = [
            f"{_json_string(to_text(key), escape_slash)}:{to_json(item, escape_slash=escape_slash)}"
            for key, item in value.items()
        ]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join([to_json(item, escape_slash=escape_slash) for item in value]) + "]"
    return _json_string(_java_text(value), escape_slash)


def _json_string(text: str, escape_slash: bool) -> str:
    written = encode_basestring(text)
    if not text.isascii() or "\x7f" in text:
        written = _JSON_SMART_ESCAPES.sub(lambda match: f"\\u{ord(match[0]):04X}", written)
    return written.replace("/", "\\/") if escape_slash else written


def double_text(value: float) -> str:
    """Java's `Double.toString`: `1000.0`, `1.0E7`, `1.0E-4`."""
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value) if "e" not in repr(value) else f"{value:f}"
    mantissa, exponent = f"{value!r}e0".split("e")[:2] if "e" in repr(value) else _scientific(value)
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


def _scientific(value: float) -> tuple[str, str]:
    digits = len(repr(value).lstrip("-").replace(".", "").strip("0"))
    mantissa, exponent = f"{value:.{max(digits - 1, 1)}e}".split("e")
    return mantissa, exponent
