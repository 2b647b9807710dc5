"""Exclude patterns of a crawler's S3 target.

https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html#crawler-data-stores-exclude
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\*\*|\\.|\[!?[^\]]*\]|.", re.DOTALL)
_MEANING = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}


def compile_glob(pattern: str) -> re.Pattern[str]:
    """Matches keys below the include path: `*` stays inside a folder, `**` crosses them, `{a,b}` either.

    Raises:
        ValueError: a bracket or brace is not closed.
    """
    parts: list[str] = []
    depth = 0
    for token in _TOKEN.findall(pattern):
        depth += (token == "{") - (token == "}")  # noqa: S105
        if token == "," and depth:  # noqa: S105
            parts.append("|")
        elif token.startswith("[") and len(token) > 1:
            inside = token[1:-1].replace("\\", r"\\").replace("^", r"\^")
            parts.append(f"(?!/)[{'^' + inside[1:] if inside.startswith('!') else inside}]")
        else:
            parts.append(_MEANING.get(token, re.escape(token[1:] if token.startswith("\\") else token)))
    if depth:
        raise ValueError(f"exclude pattern {pattern!r}: braces are not in pairs")
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error as error:
        raise ValueError(f"exclude pattern {pattern!r}: {error}") from None
