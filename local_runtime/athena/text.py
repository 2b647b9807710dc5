"""A value as Athena writes it into a result file.

https://docs.aws.amazon.com/athena/latest/APIReference/API_Datum.html
"""

from __future__ import annotations

from datetime import UTC, datetime
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
        case list() | tuple():
            return f"[{', '.join(_text(item) for item in value)}]"
        case dict():
            members = (f"{key}={_text(item)}" for key, item in value.items())
            return f"{{{', '.join(members)}}}"
        case datetime():
            return _timestamp(value)
    return str(value)


def _timestamp(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat(sep=" ", timespec="microseconds")
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ', timespec='microseconds')} UTC"
