"""S3 prefix expressions: `!{timestamp:yyyy/MM/dd}`, `!{firehose:error-output-type}`, ...

https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime

from local_runtime.errors import LocalRuntimeError

_EXPRESSION = re.compile(r"!\{([a-zA-Z]+):([^}]*)\}")
_LETTERS = re.compile(r"'([^']*)'|([A-Za-z])\2*|[^A-Za-z']+")

_STRFTIME = {
    "yyyy": "%Y",
    "yy": "%y",
    "MM": "%m",
    "dd": "%d",
    "HH": "%H",
    "mm": "%M",
    "ss": "%S",
    "DDD": "%j",
}


def expand_prefix(prefix: str, moment: datetime, *, error_output_type: str, object_id: uuid.UUID) -> str:
    """The prefix of one object.

    Args:
        prefix: as the template has it; without any expression `yyyy/MM/dd/HH/` is appended, as Firehose does.
        moment: when the oldest record in the object arrived, in the destination's time zone.
        error_output_type: such as `processing-failed`.
        object_id: makes `!{firehose:random-string}`, so that a repeated delivery gives the same key.

    Raises:
        LocalRuntimeError: an expression that Firehose does not have or the local run does not know.
    """

    def replace(match: re.Match[str]) -> str:
        namespace, value = match.groups()
        if namespace == "timestamp":
            return format_timestamp(value, moment)
        if (namespace, value) == ("firehose", "error-output-type"):
            return error_output_type
        if (namespace, value) == ("firehose", "random-string"):
            return object_id.hex[:11]
        raise LocalRuntimeError(
            f"the prefix {prefix!r} has {match.group()!r}, which the local run does not know"
        )

    expanded, expressions = _EXPRESSION.subn(replace, prefix)
    return expanded if expressions else expanded + format_timestamp("yyyy/MM/dd/HH/", moment)


def data_prefix(prefix: str, moment: datetime, *, object_id: uuid.UUID) -> str:
    """The prefix of delivered records: `yyyy/MM/dd/HH/` follows unless it tells the time itself.

    Raises:
        LocalRuntimeError: as `expand_prefix`; `!{firehose:error-output-type}` is for error prefixes.
    """
    if "!{firehose:error-output-type}" in prefix:
        raise LocalRuntimeError(
            f"the prefix {prefix!r} has '!{{firehose:error-output-type}}', which only error prefixes may have"
        )
    complete = prefix if "!{timestamp:" in prefix else prefix + "!{timestamp:yyyy/MM/dd/HH/}"
    return expand_prefix(complete, moment, error_output_type="", object_id=object_id)


def format_timestamp(pattern: str, moment: datetime) -> str:
    """Java's `DateTimeFormatter` letters that Firehose's prefixes use.

    Raises:
        LocalRuntimeError: letters outside that set (`YYYY`, the week year, is the usual slip).
    """

    def replace(match: re.Match[str]) -> str:
        if match.group(1) is not None:
            return match.group(1)
        if match.group(2) is None:
            return match.group()
        if match.group() not in _STRFTIME:
            known = ", ".join(_STRFTIME)
            raise LocalRuntimeError(
                f"the timestamp pattern {pattern!r}: {match.group()!r} is not one of {known}"
            )
        return moment.strftime(_STRFTIME[match.group()])

    return _LETTERS.sub(replace, pattern)
