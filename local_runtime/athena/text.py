"""A value as Athena writes it into a result file.

https://docs.aws.amazon.com/athena/latest/APIReference/API_Datum.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any


def to_text(value: Any) -> str | None:
    """The `VarCharValue` of a cell; None for NULL."""
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case bytes():
            return value.hex(" ")
        case list():
            return f"[{', '.join(_text(item) for item in value)}]"
        case tuple():
            return _members((f"field{index}", item) for index, item in enumerate(value))
        case dict():
            return _members(_numbered(value) if _is_unnamed(value) else value.items())
        case datetime():
            return _timestamp(value)
        case timedelta():
            return _interval(value)
    return str(value)


def _members(items: Iterable[tuple[Any, Any]]) -> str:
    return f"{{{', '.join(f'{name}={_text(item)}' for name, item in items)}}}"


def _is_unnamed(row: Mapping[Any, Any]) -> bool:
    """Whether `row(...)` made it: the engine calls its members _0, _1 ..."""
    return list(row) == [f"_{index}" for index in range(len(row))]


def _numbered(row: Mapping[Any, Any]) -> Iterable[tuple[str, Any]]:
    return ((f"field{index}", item) for index, item in enumerate(row.values()))


def _interval(value: timedelta) -> str:
    """`interval day to second`: days, hours, minutes, seconds, milliseconds."""
    sign = "-" if value < timedelta(0) else ""
    seconds, milliseconds = divmod(abs(value) // timedelta(milliseconds=1), 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"{sign}{day} {hour:02d}:{minute:02d}:{second:02d}.{milliseconds:03d}"


def _timestamp(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat(sep=" ", timespec="microseconds")
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ', timespec='microseconds')} UTC"
