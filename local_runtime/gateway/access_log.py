"""A stage's access log: its format with the `$context` variables of a request filled in.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-logging-to-kinesis.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from local_runtime.assembly.model import Resource
from local_runtime.errors import LocalRuntimeError
from local_runtime.vtl.values import to_text

_VARIABLE = re.compile(r"\$context((?:\.[A-Za-z_][\w-]*|\['[^']*'\])+)")
_PART = re.compile(r"\.([A-Za-z_][\w-]*)|\['([^']*)'\]")
_ESCAPED = {("error", "messageString"), ("error", "validationErrorString")}
"""What `$context` holds as JSON already."""

MAX_FORMAT_BYTES = 3 * 1024
STREAM_PREFIX = "amazon-apigateway-"

Write = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True)
class AccessLog:
    write: Write
    delivery_stream: str
    """The ARN of the delivery stream that takes the lines; empty: a log group, which is a file here."""


def load_access_log(stage: Resource) -> AccessLog | None:
    """A stage's `AccessLogSetting`.

    Raises:
        LocalRuntimeError: API Gateway would refuse its format or its delivery stream.
    """
    setting: Mapping[str, str] = stage.properties.get("AccessLogSetting", {})
    text, destination = setting.get("Format"), setting.get("DestinationArn", "")
    if text is None:
        return None
    place = f"{stage.stack}/{stage.logical_id}: AccessLogSetting"
    if len(text.encode()) > MAX_FORMAT_BYTES:
        raise LocalRuntimeError(f"{place}: a format has at most {MAX_FORMAT_BYTES} bytes")
    if not any(path in (("requestId",), ("extendedRequestId",)) for path in _variables(text)):
        raise LocalRuntimeError(f"{place}: a format needs $context.requestId or $context.extendedRequestId")
    is_stream = ":firehose:" in destination
    if is_stream and not destination.rpartition("/")[2].startswith(STREAM_PREFIX):
        raise LocalRuntimeError(f"{place}: the name in {destination} must start with {STREAM_PREFIX}")
    return AccessLog(compile_format(text), destination if is_stream else "")


def _variables(text: str) -> list[tuple[str, ...]]:
    return [_path(match) for match in _VARIABLE.finditer(text)]


def _path(match: re.Match[str]) -> tuple[str, ...]:
    return tuple(dotted or quoted for dotted, quoted in _PART.findall(match[1]))


def compile_format(text: str) -> Write:
    """A function from `$context` to the log line; a variable without a value is `-`."""
    literals: list[str] = []
    paths: list[tuple[str, ...]] = []
    position = 0
    for match in _VARIABLE.finditer(text):
        literals.append(text[position : match.start()])
        paths.append(_path(match))
        position = match.end()
    rest = text[position:]

    def write(context: Mapping[str, Any]) -> str:
        parts = [
            part
            for literal, path in zip(literals, paths, strict=True)
            for part in (literal, _value(context, path))
        ]
        return "".join(parts) + rest

    return write


def _value(context: Mapping[str, Any], path: tuple[str, ...]) -> str:
    found: Any = context
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    if found is None or found == "":
        return "-"
    text = to_text(found)
    # Not documented: logs of 2024 show it (github.com/DataBiosphere/azul/issues/4348).
    return text if path in _ESCAPED else orjson.dumps(text).decode()[1:-1]
