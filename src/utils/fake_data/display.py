"""What a run shows on stderr while it goes on: a line a response, a live bar, plain lines, or nothing."""

import sys
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from .settings import Settings
from .tally import Tally, latency_text

if TYPE_CHECKING:
    from rich.progress import Progress

TICK_SECONDS = 0.25
LINE_SECONDS = 5.0
RECENT_ANSWERS = 2_000
PHRASES = {int(status): status.phrase for status in HTTPStatus}


class Display(Protocol):
    """`answer` hears of each response, `failure` of a request without one; `tick` comes 4 times a second."""

    def answer(self, status: int, reason: str | None, body: bytes) -> None: ...
    def failure(self, reason: str) -> None: ...
    def tick(self, tally: Tally) -> None: ...
    def close(self, tally: Tally) -> None: ...


class Silent:
    """Shows nothing; what the others do not show either."""

    def answer(self, status: int, reason: str | None, body: bytes) -> None:
        return None

    def failure(self, reason: str) -> None:
        return None

    def tick(self, tally: Tally) -> None:
        return None

    def close(self, tally: Tally) -> None:
        return None


class ResponseLines(Silent):
    """`[200 OK] {...}` for each response."""

    def answer(self, status: int, reason: str | None, body: bytes) -> None:
        phrase = reason if reason else PHRASES.get(status, "")
        text = " ".join(line.strip() for line in body.decode(errors="replace").splitlines())
        print(f"[{f'{status} {phrase}'.strip()}] {text}", file=sys.stderr)

    def failure(self, reason: str) -> None:
        print(f"[no answer] {reason}", file=sys.stderr)


class ProgressLines(Silent):
    """A line every few seconds, for a log file."""

    def __init__(self) -> None:
        self._next = time.monotonic() + LINE_SECONDS

    def tick(self, tally: Tally) -> None:
        if time.monotonic() < self._next:
            return
        self._next += LINE_SECONDS
        print(
            f"sent {tally.sent:,}, accepted {tally.accepted:,}, {tally.records_per_second:,.0f} records/s, "
            f"{_recent_latency(tally)}, retried {tally.retried:,}, rejected {tally.rejected:,}",
            file=sys.stderr,
        )


class LiveBar(Silent):
    """A bar with the rate, the latency of the latest answers and the failures, on a terminal."""

    def __init__(self, max_count: int | None) -> None:
        self._progress = _new_progress()
        self._task = self._progress.add_task("", total=max_count, latency="", failures="", rate="")
        self._progress.start()

    def tick(self, tally: Tally) -> None:
        self._progress.update(
            self._task,
            completed=tally.accepted + tally.rejected,
            rate=f"{tally.records_per_second:,.0f}/s",
            latency=_recent_latency(tally),
            failures=f"retried {tally.retried:,}, rejected {tally.rejected:,}",
        )

    def close(self, tally: Tally) -> None:
        self.tick(tally)
        self._progress.stop()


def _new_progress() -> "Progress":
    # rich takes longer to import than a small run takes
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        MofNCompleteColumn(),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[latency]}"),
        TextColumn("{task.fields[failures]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        auto_refresh=True,
        refresh_per_second=4,
    )


def _recent_latency(tally: Tally) -> str:
    return latency_text(tally.latencies[-RECENT_ANSWERS:])


def choose_display(settings: Settings) -> Display:
    if settings.quiet:
        return Silent()
    if settings.plain:
        return ResponseLines()
    return LiveBar(settings.max_count) if sys.stderr.isatty() else ProgressLines()
