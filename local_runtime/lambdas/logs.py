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
        # The runtime client writes a traceback as one line, its parts set apart by carriage returns.
        text = self._open_line + self._decoder.decode(chunk)
        *lines, self._open_line = text.split("\n")
        for line in lines:
            self.write(line.replace("\r", "\n"))

    def write(self, line: str) -> None:
        self._sink(line)
        self._tail = f"{self._tail}{line}\n"[-TAIL_BYTES:]

    def start(self, first_line: str) -> None:
        """Begins the log of an invocation."""
        self._tail = ""
        self.write(first_line)

    def finish(self) -> str:
        """Ends the log of an invocation: an unfinished line is complete now. Gives the tail."""
        if self._open_line:
            line, self._open_line = self._open_line, ""
            self.write(line.replace("\r", "\n"))
        return self._tail
