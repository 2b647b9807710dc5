"""What topics published, for a person to read: a file of JSON lines for each topic."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from local_runtime.errors import LocalRuntimeError

_SUFFIX = ".jsonl"
_LONGEST_NAME = 240


class MessageFiles:
    """`messages/` of the state directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def append(self, topic: str, message: Mapping[str, Any]) -> None:
        """Add a message to a topic's file; it survives the end of this process."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with self._path(topic).open("ab+") as file:
            line = orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # a kill cut a message short whose sender had no answer yet
                    line = b"\n" + line
            file.write(line)

    def read(self, topic: str | None = None) -> list[dict[str, Any]]:
        """The messages of one topic or of all, oldest first.

        Raises:
            LocalRuntimeError: nothing was ever published to a topic of this name.
        """
        files = list(self._directory.glob(f"*{_SUFFIX}"))
        chosen = [path for path in files if topic is None or path == self._path(topic)]
        if topic is not None and not chosen:
            known = ", ".join(sorted(path.name.removesuffix(_SUFFIX) for path in files)) or "no topic"
            raise LocalRuntimeError(f"nothing was published to {topic!r}; messages are there of {known}")
        return sorted((item for path in chosen for item in _lines(path)), key=lambda item: item["time"])

    def _path(self, topic: str) -> Path:
        if len(topic) > _LONGEST_NAME:  # a topic may have 256 characters, a file has less
            digest = hashlib.sha256(topic.encode()).hexdigest()
            topic = f"{topic[: _LONGEST_NAME - len(digest)]}{digest}"
        return self._directory / f"{topic}{_SUFFIX}"


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().split(b"\n"):
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError:
            continue  # cut short by a kill, before its sender had an answer


def as_mail(message: Mapping[str, Any]) -> str:
    """A message as a person reads it."""
    to = ", ".join(f"{item['protocol']} {item['endpoint']}" for item in message["subscriptions"])
    lines = [f"Time:    {message['time']}", f"Topic:   {message['topic']}", f"To:      {to or 'nobody'}"]
    if message["subject"] is not None:
        lines.append(f"Subject: {message['subject']}")
    lines += [f"{name}: {value}" for name, value in message["attributes"].items()]
    return "\n".join([*lines, "", message["message"].rstrip("\n"), ""])
