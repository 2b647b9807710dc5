"""NextToken and MaxResults over a list, for the services whose lists are short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from local_runtime.errors import AwsError

Item = TypeVar("Item")


def page(
    items: Sequence[Item], request: dict[str, Any], *, most: int, error_code: str, limit: str = "MaxResults"
) -> tuple[Sequence[Item], dict[str, str]]:
    """The items of the page that is asked for, and `{"NextToken": ...}` unless it is the last.

    Raises:
        AwsError: a limit out of range or a token that is none of ours.
    """
    size = request.get(limit, most)
    token = request.get("NextToken", "0")
    if not isinstance(size, int) or not 1 <= size <= most:
        raise AwsError(error_code, f"{limit} must be from 1 to {most} (got {size!r})")
    if not isinstance(token, str) or not token.isdecimal():
        raise AwsError(error_code, f"NextToken is not valid: {token!r}")
    start = int(token)
    more = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return items[start : start + size], more
