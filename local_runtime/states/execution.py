"""Executions with their histories, in SQLite: what was acknowledged survives a kill.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from local_runtime.errors import AwsError, LocalRuntimeError
from local_runtime.states.clock import InterruptedExecutionError
from local_runtime.states.errors import StatesRuntimeError

RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED = "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"
STATUSES = (RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED)

KEPT_SECONDS = 90 * 86400.0
"""How long Step Functions keeps an execution that is over, with its history and its name.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""
MOST_EVENTS = 25_000
"""Step Functions' limit on a history."""

_COLUMNS = "arn, machine, name, status, started, stopped, input, output, error, cause, position"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS execution (
    number INTEGER PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE,
    machine TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    started REAL NOT NULL,
    stopped REAL,
    input TEXT NOT NULL,
    output TEXT,
    error TEXT,
    cause TEXT,
    position TEXT
);
CREATE INDEX IF NOT EXISTS execution_by_machine ON execution (machine, number);
CREATE TABLE IF NOT EXISTS event (
    execution TEXT NOT NULL,
    id INTEGER NOT NULL,
    moment REAL NOT NULL,
    type TEXT NOT NULL,
    previous INTEGER NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (execution, id)
) WITHOUT ROWID;
"""


@dataclass
class Position:
    """Where an execution is, for the run that takes it up again."""

    state: str
    data: Any
    """The state's raw input."""
    entered: float
    """Seconds since the epoch."""
    event: int = 0
    """The id of the event that the state was entered with."""
    elapsed: float = 0.0
    """The execution's age at that moment, its waits counted in full."""
    attempts: dict[str, int] = field(default_factory=dict)
    """Index of a retrier -> how often it has retried."""


@dataclass(frozen=True)
class Execution:
    arn: str
    machine: str
    """The ARN of the state machine."""
    name: str
    status: str
    started: float
    stopped: float | None
    input: str
    output: str | None
    error: str | None
    cause: str | None
    position: Position | None

    @property
    def is_over(self) -> bool:
        return self.status != RUNNING


@dataclass(frozen=True)
class Event:
    """One entry of a history; `details` are the members of its `...EventDetails`."""

    type: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordedEvent:
    id: int
    moment: float
    type: str
    previous: int
    details: dict[str, Any]

    def to_api(self, with_data: bool = True) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "timestamp": self.moment,
            "type": self.type,
            "id": self.id,
            "previousEventId": self.previous,
        }
        if self.details:
            hidden = () if with_data else ("input", "output", "parameters")
            shown = {name: value for name, value in self.details.items() if name not in hidden}
            answer[_details_member(self.type)] = shown
        return answer


def _details_member(event_type: str) -> str:
    for change in ("StateEntered", "StateExited"):
        if event_type.endswith(change):
            return f"s{change[1:]}EventDetails"
    return f"{event_type[0].lower()}{event_type[1:]}EventDetails"


def _position(document: str | None) -> Position | None:
    return None if document is None else Position(**json.loads(document))


class ExecutionStore:
    """Safe for many threads; every method is one transaction."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {_SCHEMA}")
        except sqlite3.Error as error:
            raise LocalRuntimeError(f"{path}: the executions cannot be opened: {error}") from error
        self._lock = threading.RLock()
        self._clock = clock

    def create(
        self, arn: str, machine: str, name: str, document: str, first: Event
    ) -> tuple[Execution, bool]:
        """A new execution, and True; or the running one of this name and input, and False.

        Raises:
            AwsError: ExecutionAlreadyExists.
        """
        with self._lock, self._db:
            known = self.find(arn)
            if known is not None:
                if not known.is_over and known.input == document:
                    return known, False
                raise AwsError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "INSERT INTO execution (arn, machine, name, status, started, input)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (arn, machine, name, RUNNING, self._clock(), document),
            )
            self._append(arn, [first])
        created = self.find(arn)
        assert created is not None  # inserted above
        return created, True

    def record(self, arn: str, events: Sequence[Event], position: Position | None = None) -> int:
        """Append events and, with them, note where the execution is; the id of the last event.

        Raises:
            InterruptedExecutionError: it is over: somebody stopped it.
            StatesRuntimeError: its history is full.
        """
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._must_run(arn)
            last = self._append(arn, events)
            if last >= MOST_EVENTS:
                raise StatesRuntimeError(
                    f"The execution reached the maximum number of history events ({MOST_EVENTS})."
                )
            if position is not None:
                if events:
                    position.event = last
                self._db.execute(
                    "UPDATE execution SET position = ? WHERE arn = ?", (json.dumps(asdict(position)), arn)
                )
            return last

    def finish(
        self,
        arn: str,
        status: str,
        events: Sequence[Event],
        *,
        output: str | None = None,
        error: str | None = None,
        cause: str | None = None,
    ) -> float:
        """End an execution; the moment.

        Raises:
            InterruptedExecutionError: it is over already.
        """
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._must_run(arn)
            self._append(arn, events)
            moment = self._last(arn)[1]
            self._db.execute(
                "UPDATE execution SET status = ?, stopped = ?, output = ?, error = ?, cause = ?,"
                " position = NULL WHERE arn = ?",
                (status, moment, output, error, cause, arn),
            )
            return moment

    def _must_run(self, arn: str) -> None:
        row = self._db.execute("SELECT status FROM execution WHERE arn = ?", (arn,)).fetchone()
        if row is None or row[0] != RUNNING:
            raise InterruptedExecutionError

    def _append(self, arn: str, events: Sequence[Event]) -> int:
        last, moment = self._last(arn)
        for event in events:
            moment = max(moment, self._clock())  # the machine's clock may be set back
            row = (arn, last + 1, moment, event.type, last, json.dumps(event.details))
            self._db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)", row)
            last += 1
        return last

    def _last(self, arn: str) -> tuple[int, float]:
        """Number and moment of the last event; 0 and the start before the first."""
        query = "SELECT id, moment FROM event WHERE execution = ? ORDER BY id DESC LIMIT 1"
        found = self._db.execute(query, (arn,)).fetchone()
        if found is None:
            found = 0, *self._db.execute("SELECT started FROM execution WHERE arn = ?", (arn,)).fetchone()
        return int(found[0]), float(found[1])

    def find(self, arn: str) -> Execution | None:
        found = self._select("WHERE arn = ?", (arn,))
        return found[0] if found else None

    def forget_old(self) -> None:
        """Remove what ended longer ago than Step Functions keeps it."""
        before = (self._clock() - KEPT_SECONDS,)
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "DELETE FROM event WHERE execution IN (SELECT arn FROM execution WHERE stopped < ?)", before
            )
            self._db.execute("DELETE FROM execution WHERE stopped < ?", before)

    def unfinished(self) -> list[Execution]:
        """What an earlier run left behind, the oldest first."""
        return self._select("WHERE status = ? ORDER BY number", (RUNNING,))

    def listed(self, machine: str, status: str | None) -> list[Execution]:
        """The executions of a machine, the newest first."""
        if status is None:
            return self._select("WHERE machine = ? ORDER BY number DESC", (machine,))
        return self._select("WHERE machine = ? AND status = ? ORDER BY number DESC", (machine, status))

    def _select(self, condition: str, values: tuple[str, ...]) -> list[Execution]:
        with self._lock:
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM execution {condition}", values).fetchall()  # noqa: S608
        return [Execution(*[*row[:-1], _position(row[-1])]) for row in rows]

    def history(self, arn: str) -> list[RecordedEvent]:
        query = "SELECT id, moment, type, previous, details FROM event WHERE execution = ? ORDER BY id"
        with self._lock:
            rows = self._db.execute(query, (arn,)).fetchall()
        return [RecordedEvent(*[*row[:-1], json.loads(row[-1])]) for row in rows]

    def close(self) -> None:
        with self._lock:
            self._db.close()
