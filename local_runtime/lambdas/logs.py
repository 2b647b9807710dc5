"""What functions print, as lines, in a file of their own.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import threading
from codecs import getincrementaldecoder
from collections.abc import Callable
from pathlib import Path

TAIL_BYTES = 4096
"""What Lambda returns for `LogType: Tail`."""

LogSink = Callable[[str], None]
"""Takes one line at a time, without its end."""


class LogFile:
    """A log sink that appends to a file; any thread may write."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def __call__(self, line: str) -> None:
        with self._lock:
            if not self._file.closed:
                self._file.write(line + "\n")

    def close(self) -> None:
        with self._lock:
            self._file.close()


class LogLines:
    """Cuts a process's output into lines for the sink and keeps the tail of the invocation that runs."""

    def __init__(self, sink: LogSink) -> None:
        self._sink = sink
        self._decoder = getincrementaldecoder("utf-8")(errors="replace")
        self._open_line = ""
        self._tail = ""

    def feed(self, chunk: bytes) -> None:
        text = self._open_line + self._decoder.decode(chunk)
        *lines, self._open_line = text.split("\n")
        for line in lines:
            self._emit(line)

    def write(self, line: str) -> None:
        """Adds a line of Lambda's own, after what the function has printed so far."""
        if self._open_line:
            self._emit(self._open_line)
            self._open_line = ""
        self._emit(line)

    def _emit(self, line: str) -> None:
        # The runtime client writes a traceback as one line, its parts set apart by carriage returns.
        readable = line.replace("\r", "\n")
        self._sink(readable)
        self._tail = f"{self._tail}{readable}\n"[-TAIL_BYTES:]

    def start(self, first_line: str) -> None:
        """Begins the log of an invocation."""
        self._tail = ""
        self.write(first_line)

    def tail(self) -> str:
        """The end of the log of the invocation that runs or ran last."""
        return self._tail
