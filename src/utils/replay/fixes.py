"""Repairs of records, as a YAML file declares them: `fixes:` and a list of steps, tried in order.

A step is one of `rename`, `default`, `cast`, `parse_timestamp` and `drop`; `when` limits it to some reasons.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from src.utils.aws.errors import BadInputError

EPOCH_UNITS = {"epoch": 1, "epoch_ms": 1000}

Members = dict[str, msgspec.Raw]


class CannotRepairError(ValueError):
    """The step does not fit this record's value."""


class Rename(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"source": "from", "target": "to"}
):
    """Gives a member another name, where the record has no value of that name yet."""

    source: str
    target: str

    def apply(self, members: Members) -> None:
        if self.source in members and not _has_value(members, self.target):
            members[self.target] = members.pop(self.source)


class Default(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sets a member that is missing or null."""

    field: str
    value: str | int | float | bool | None

    def apply(self, members: Members) -> None:
        if not _has_value(members, self.field):
            members[self.field] = _raw(self.value)


class Cast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Makes text of a value: its JSON text, or with `ip` an address of the number that stands for one."""

    field: str
    to: Literal["string", "ip"]

    def apply(self, members: Members) -> None:
        if not _has_value(members, self.field):
            return
        text = bytes(members[self.field])
        value = msgspec.json.decode(text)
        if isinstance(value, str):
            return
        if self.to == "ip":
            members[self.field] = _raw(_address(value))
        elif isinstance(value, dict | list):
            raise CannotRepairError(f"{self.field} is an object or a list")
        else:
            members[self.field] = _raw(text.decode())


class ParseTimestamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Reads a moment in a strptime format, or iso8601, epoch or epoch_ms, and writes it as the schema has it.

    `timezone` is for texts that name none.
    """

    field: str
    format: str
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"timezone must be one such as Asia/Seoul (got {self.timezone!r})") from error

    def apply(self, members: Members) -> None:
        if not _has_value(members, self.field):
            return
        value = msgspec.json.decode(members[self.field])
        if isinstance(value, str) and _is_stored_format(value):
            return
        try:
            moment = self._moment(value)
            members[self.field] = _raw(moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0"))
        except (ValueError, TypeError, OverflowError, OSError) as error:
            raise CannotRepairError(f"{self.field} is no {self.format}") from error

    def _moment(self, value: Any) -> datetime:
        if self.format in EPOCH_UNITS:
            return datetime.fromtimestamp(float(value) / EPOCH_UNITS[self.format], UTC)
        if self.format == "iso8601":
            moment = datetime.fromisoformat(value)
        else:
            moment = datetime.strptime(value, self.format)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(self.timezone))


class Drop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Takes a member away."""

    field: str

    def apply(self, members: Members) -> None:
        members.pop(self.field, None)


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step with its condition."""

    rename: Rename | None = None
    default: Default | None = None
    cast: Cast | None = None
    parse_timestamp: ParseTimestamp | None = None
    drop: Drop | None = None
    when: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if len(self._actions()) != 1:
            kinds = ", ".join(name for name in self.__struct_fields__ if name != "when")
            raise ValueError(f"a step must be exactly one of {kinds}")

    def _actions(self) -> list[Any]:
        actions = (self.rename, self.default, self.cast, self.parse_timestamp, self.drop)
        return [action for action in actions if action is not None]

    def applies_to(self, reason: str) -> bool:
        return self.when is None or reason in self.when

    @property
    def apply(self) -> Callable[[Members], None]:
        (action,) = self._actions()
        apply: Callable[[Members], None] = action.apply
        return apply


class Fixes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """A whole file; without steps it repairs nothing."""

    fixes: tuple[Step, ...] = ()

    @cached_property
    def _steps(self) -> dict[str, list[Callable[[Members], None]]]:
        return {}

    def _steps_for(self, reason: str) -> list[Callable[[Members], None]]:
        if reason not in self._steps:
            self._steps[reason] = [step.apply for step in self.fixes if step.applies_to(reason)]
        return self._steps[reason]

    def repaired(self, payload: bytes, reason: str, event_id: str) -> bytes | None:
        """The record after the steps, with its id; None when they change nothing or one does not fit.

        A member that no step names keeps its text byte by byte.
        """
        steps = self._steps_for(reason)
        if not steps:
            return None
        try:
            members = _MEMBERS.decode(payload)
            before = dict(members)
            for step in steps:
                step(members)
        except (msgspec.DecodeError, CannotRepairError, RecursionError, UnicodeDecodeError):
            return None
        if members == before:
            return None
        if not _has_value(members, "event_id"):
            members["event_id"] = _raw(event_id)
        return msgspec.json.encode(members) + b"\n"


_MEMBERS = msgspec.json.Decoder(Members)


def load_fixes(path: Path) -> Fixes:
    """Read a file of fixes.

    Raises:
        BadInputError: it cannot be read, or something is wrong in it: the file, the place, the fault.
    """
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return msgspec.convert(document, Fixes)
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: is no YAML: {' '.join(str(error).split())}") from error
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `")
        where = place.rstrip("`").removeprefix("$").lstrip(".")
        raise BadInputError(
            f"{path}: {f'{where}: ' if where else ''}{reason[:1].lower()}{reason[1:]}"
        ) from error


def _has_value(members: Members, name: str) -> bool:
    return name in members and bytes(members[name]) != b"null"


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _address(value: Any) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError as error:
        raise CannotRepairError(f"{value!r} is no address") from error


def _is_stored_format(text: str) -> bool:
    if len(text) != 20 or text[10] != "T" or text[19] != "Z":
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
