"""Reads members of a request and words what is wrong with them as Kinesis does.

Wrong JSON types are a SerializationException; values out of bounds a ValidationException with all findings.
https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import Any

from local_runtime.errors import AwsError

_STREAM_NAME = re.compile(r"[a-zA-Z0-9_.-]+")
_STREAM_ARN = re.compile(r"arn:aws.*:kinesis:.*:\d{12}:stream/\S+")


def serialization_error(member: str, wanted: str, value: object) -> AwsError:
    return AwsError("SerializationException", f"{member} must be {wanted}, not {_json_type(value)}")


def _json_type(value: object) -> str:
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return "null" if value is None else names[type(value)]


def invalid_argument(message: str) -> AwsError:
    return AwsError("InvalidArgumentException", message)


class Violations:
    """The constraints that a request breaks; `check` raises them all at once."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, member: str, value: object, constraint: str) -> None:
        shown = "null" if value is None else f"'{value}'"
        self._found.append(f"Value {shown} at '{member}' failed to satisfy constraint: {constraint}")

    def text(self, member: str, value: object, most: int, pattern: re.Pattern[str] | None = None) -> str:
        """A required string of 1 to `most` characters."""
        if value is None:
            self.add(member, None, "Member must not be null")
            return ""
        if not isinstance(value, str):
            raise serialization_error(member, "a string", value)
        if not value:
            self.add(member, value, "Member must have length greater than or equal to 1")
        elif len(value) > most:
            self.add(member, value, f"Member must have length less than or equal to {most}")
        elif pattern is not None and not pattern.fullmatch(value):
            self.add(member, value, f"Member must satisfy regular expression pattern: {pattern.pattern}")
        return value

    def number(self, member: str, value: object, most: int) -> int:
        """A whole number from 1 to `most`."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise serialization_error(member, "a whole number", value)
        if value < 1:
            self.add(member, value, "Member must have value greater than or equal to 1")
        elif value > most:
            self.add(member, value, f"Member must have value less than or equal to {most}")
        return value

    def choice(self, member: str, value: object, allowed: tuple[str, ...]) -> str:
        if value is not None and not isinstance(value, str):
            raise serialization_error(member, "a string", value)
        if value is None:
            self.add(member, None, "Member must not be null")
            return ""
        if value not in allowed:
            self.add(member, value, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
        return value

    def check(self) -> None:
        if self._found:
            count = len(self._found)
            errors = "validation error" if count == 1 else "validation errors"
            raise AwsError("ValidationException", f"{count} {errors} detected: {'; '.join(self._found)}")


def required_text(request: dict[str, Any], member: str, wire_name: str, most: int = 128) -> str:
    violations = Violations()
    value = violations.text(wire_name, request.get(member), most)
    violations.check()
    return value


def bounded(request: dict[str, Any], member: str, wire_name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`, or the default where the request has none."""
    value = request.get(member)
    if value is None:
        return default
    violations = Violations()
    number = violations.number(wire_name, value, most)
    violations.check()
    return number


def blob(member: str, value: object) -> bytes:
    """A blob member: strict base64, as AWS's parser takes it."""
    if not isinstance(value, str):
        raise serialization_error(member, "a base64 string", value)
    try:
        return a2b_base64(value, strict_mode=True) if value else b""
    except (Base64Error, ValueError) as error:
        raise AwsError("SerializationException", f"{member} is not valid base64: {error}") from None


def utf8(member: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise AwsError("SerializationException", f"{member} is not valid Unicode: {error.reason}") from None


def stream_name(request: dict[str, Any]) -> str:
    """The stream that a request means by StreamName, StreamARN or both."""
    name, arn = request.get("StreamName"), request.get("StreamARN")
    violations = Violations()
    if name is not None:
        violations.text("streamName", name, 128, _STREAM_NAME)
    if arn is not None:
        violations.text("streamARN", arn, 2048, _STREAM_ARN)
    violations.check()
    from_arn = arn.rpartition("/")[2] if arn is not None else None
    if name is None and from_arn is None:
        raise invalid_argument("Either StreamName or StreamARN must be given.")
    if name is not None and from_arn is not None and name != from_arn:
        raise invalid_argument(f"StreamName {name} and StreamARN {arn} name different streams.")
    return str(name if name is not None else from_arn)
