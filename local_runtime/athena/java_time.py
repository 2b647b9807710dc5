"""Java's date patterns (`yyyy-MM-dd HH:mm`) -> strftime's.

https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/text/SimpleDateFormat.html
https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html
"""

from __future__ import annotations

import re

from local_runtime.athena.result import QueryError

PIECE = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
STRFTIME = {
    "y": {2: "%y", 4: "%Y"},
    "Y": {4: "%Y"},
    "u": {4: "%Y"},
    "M": {1: "%-m", 2: "%m", 3: "%b", 4: "%B"},
    "d": {1: "%-d", 2: "%d"},
    "D": {3: "%j"},
    "H": {1: "%-H", 2: "%H"},
    "h": {1: "%-I", 2: "%I"},
    "m": {1: "%-M", 2: "%M"},
    "s": {1: "%-S", 2: "%S"},
    "S": {3: "%g", 6: "%f"},
    "a": {1: "%p"},
    "E": {1: "%a", 2: "%a", 3: "%a", 4: "%A"},
    "Z": {1: "%z", 2: "%z"},
    "z": {1: "%Z", 3: "%Z"},
}


def strftime_pattern(pattern: str) -> str:
    """The same pattern for strftime and strptime.

    Raises:
        QueryError: the pattern has a letter that has no counterpart.
    """
    return "".join(_translated(match, pattern) for match in PIECE.finditer(pattern))


def _translated(match: re.Match[str], pattern: str) -> str:
    quoted, letter = match.group(1), match.group(2)
    if quoted is not None:
        return (quoted.replace("''", "'") or "'").replace("%", "%%")
    if letter is None:
        return match.group().replace("%", "%%")
    length = len(match.group())
    known = STRFTIME.get(letter, {}).get(length)
    if known is None and letter in "yuY" and length == 1:
        known = "%Y"
    if known is None:
        raise QueryError(
            "INVALID_FUNCTION_ARGUMENT",
            f"the local run does not know {match.group()!r} in pattern {pattern!r}",
        )
    return known
