"""Java's regular expressions, number arithmetic and comparisons, as far as a template sees them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from local_runtime.vtl.errors import TemplateError
from local_runtime.vtl.values import to_text

_LITERAL = re.compile(r"(?:[^\\.^$|?*+()\[\]{}]|\\[^A-Za-z0-9])*")
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|$)", re.DOTALL)
_REPLACEMENT = re.compile(r"\\(.)|\$(\d)|\$\{(\w+)\}", re.DOTALL)


@lru_cache(maxsize=256)
def pattern(regex: str) -> re.Pattern[str]:
    r"""A Java regular expression; `\Q...\E` and `(?<name>...)` are spelt differently in Python."""
    spelt = _QUOTED.sub(lambda match: re.escape(match[1]), regex)
    spelt = re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", spelt)
    try:
        return re.compile(spelt, re.ASCII)
    except re.error as error:
        raise TemplateError(f"{regex!r} is no regular expression: {error}") from error


@lru_cache(maxsize=256)
def _replacer(regex: str, replacement: str, count: int) -> Callable[[str], str]:
    plain = "\\" not in replacement and "$" not in replacement
    if plain and regex and _LITERAL.fullmatch(regex):
        literal = re.sub(r"\\(.)", r"\1", regex)
        return lambda text: text.replace(literal, replacement, count or -1)
    compiled = pattern(regex)

    def expand(match: re.Match[str]) -> str:
        def part(found: re.Match[str]) -> str:
            if found[1] is not None:
                return found[1]
            group = match[int(found[2])] if found[2] is not None else match[found[3]]
            return "" if group is None else group

        return replacement if plain else _REPLACEMENT.sub(part, replacement)

    return lambda text: compiled.sub(expand, text, count=count)


def replace_all(text: str, regex: str, replacement: str) -> str:
    return _replacer(regex, replacement, 0)(text)


def replace_first(text: str, regex: str, replacement: str) -> str:
    return _replacer(regex, replacement, 1)(text)


def split(text: str, regex: str) -> list[str]:
    """Java's `String.split`: groups are not kept, empty strings at the end are dropped."""
    parts: list[str] = []
    start = 0
    for match in pattern(regex).finditer(text):
        if match.end() == 0 or match.start() == len(text) == match.end():
            continue
        parts.append(text[start : match.start()])
        start = match.end()
    parts.append(text[start:])
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts


def _numbers(left: Any, right: Any) -> bool:
    return (
        isinstance(left, int | float)
        and isinstance(right, int | float)
        and not isinstance(left, bool)
        and not isinstance(right, bool)
    )


def add(left: Any, right: Any) -> Any:
    if _numbers(left, right):
        return left + right
    if isinstance(left, str) or isinstance(right, str):
        return to_text(left) + to_text(right)
    return ""


def subtract(left: Any, right: Any) -> Any:
    return left - right if _numbers(left, right) else ""


def multiply(left: Any, right: Any) -> Any:
    return left * right if _numbers(left, right) else ""


def divide(left: Any, right: Any) -> Any:
    """Integers divide towards zero; division by zero gives null, as Velocity has it."""
    if not _numbers(left, right) or right == 0:
        return ""
    if isinstance(left, float) or isinstance(right, float):
        return left / right
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def remainder(left: Any, right: Any) -> Any:
    if not _numbers(left, right) or right == 0:
        return ""
    if isinstance(left, float) or isinstance(right, float):
        return left - right * int(left / right)
    return left - right * divide(left, right)


def equal(left: Any, right: Any) -> bool:
    """Numbers by value; values of different types by their text, so that `'1' == 1` holds."""
    if type(left) is type(right) or _numbers(left, right):
        return bool(left == right)
    return to_text(left) == to_text(right)


def _ordering(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Only numbers have an order; anything else compares as false."""
    return lambda left, right: compare(left, right) if _numbers(left, right) else False


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": _ordering(lambda left, right: left < right),
    "<=": _ordering(lambda left, right: left <= right),
    ">": _ordering(lambda left, right: left > right),
    ">=": _ordering(lambda left, right: left >= right),
}
