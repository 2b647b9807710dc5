"""Times in the words of moment.js: `DD/MMM/YYYY:HH:mm:ss Z`.

https://momentjs.com/docs/#/displaying/format/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from ..sessions import Clock

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_DEFAULT = "YYYY-MM-DDTHH:mm:ssZ"


def _offset(moment: datetime, colon: str) -> str:
    hours = moment.strftime("%z")
    return f"{hours[:3]}{colon}{hours[3:5]}"


def _ordinal(day: int) -> str:
    suffix = "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


_TOKENS: Mapping[str, Callable[[datetime], str]] = {
    "YYYY": lambda at: f"{at.year:04d}",
    "YY": lambda at: f"{at.year % 100:02d}",
    "MMMM": lambda at: _MONTHS[at.month - 1],
    "MMM": lambda at: _MONTHS[at.month - 1][:3],
    "MM": lambda at: f"{at.month:02d}",
    "M": lambda at: str(at.month),
    "DDDD": lambda at: f"{at.timetuple().tm_yday:03d}",
    "DDD": lambda at: str(at.timetuple().tm_yday),
    "DD": lambda at: f"{at.day:02d}",
    "Do": lambda at: _ordinal(at.day),
    "D": lambda at: str(at.day),
    "dddd": lambda at: _DAYS[at.weekday()],
    "ddd": lambda at: _DAYS[at.weekday()][:3],
    "dd": lambda at: _DAYS[at.weekday()][:2],
    "HH": lambda at: f"{at.hour:02d}",
    "H": lambda at: str(at.hour),
    "hh": lambda at: f"{(at.hour + 11) % 12 + 1:02d}",
    "h": lambda at: str((at.hour + 11) % 12 + 1),
    "mm": lambda at: f"{at.minute:02d}",
    "m": lambda at: str(at.minute),
    "ss": lambda at: f"{at.second:02d}",
    "s": lambda at: str(at.second),
    "SSS": lambda at: f"{at.microsecond // 1000:03d}",
    "A": lambda at: "AM" if at.hour < 12 else "PM",
    "a": lambda at: "am" if at.hour < 12 else "pm",
    "ZZ": lambda at: _offset(at, ""),
    "Z": lambda at: _offset(at, ":"),
    "X": lambda at: str(int(at.timestamp())),
    "x": lambda at: str(int(at.timestamp() * 1000)),
}
_PIECE = re.compile(r"\[([^\]]*)\]|" + "|".join(_TOKENS))  # longer tokens come first
_OF_MILLISECONDS = ("SSS", "x")


def formatter(clock: Clock, pattern: str, *, utc: bool) -> Callable[[], str]:
    """A function that tells the clock's time; it writes a text anew only when the text changes."""
    pattern = pattern or (_DEFAULT.replace("Z", "[Z]") if utc else _DEFAULT)
    tokens = {match[0] for match in _PIECE.finditer(pattern)}
    steps = 1000 if tokens.intersection(_OF_MILLISECONDS) else 1
    told, text = -1, ""

    def tell() -> str:
        nonlocal told, text
        at = int(clock() * steps)
        if at != told:
            moment = datetime.fromtimestamp(at / steps, UTC)
            told, text = at, _format(moment if utc else moment.astimezone(), pattern)
        return text

    return tell


def _format(moment: datetime, pattern: str) -> str:
    def piece(match: re.Match[str]) -> str:
        return match[1] if match[1] is not None else _TOKENS[match[0]](moment)

    return _PIECE.sub(piece, pattern)
