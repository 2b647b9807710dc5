"""Lives and deaths of a local run under load, and the account at the end."""

from __future__ import annotations

import base64
import http.client
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_runtime.firehose.crash_point import CRASH_POINTS, VARIABLE
from tests.conftest import LocalRunProcess, StartRun

STREAM = "PUT-Firehose-aEhWz"
TABLE = "web_log_iceberg_db.web_log_iceberg"
PATIENCE_SECONDS = 20.0
BATCH = 20
USERS = 150
"""Upserts go to so many keys: most records replace a row that is there."""


@dataclass
class Sender(threading.Thread):
    """Puts batches one after another and notes which ones were acknowledged; it never sends one again."""

    port: int
    numbers: Iterator[int]
    acknowledged: list[int]
    unknown: list[int]
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            self._send(connection)

    def _send(self, connection: http.client.HTTPConnection) -> None:
        while not self.stopping.is_set():
            batch = [next(self.numbers) for _ in range(BATCH)]
            body = json.dumps({"records": [_record(number) for number in batch]})
            path = f"/log-collector/v1/streams/{STREAM}/records"
            try:
                connection.request("PUT", path, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException):
                self.unknown += batch
                return
            (self.acknowledged if response.status == 200 else self.unknown).extend(batch)
            time.sleep(0.002)


def user_of(number: int) -> str:
    return f"user-{number % USERS}"


def is_bad(number: int) -> bool:
    return number % 97 == 0


def _record(number: int) -> dict[str, str]:
    event: dict[str, Any] = {
        "user_id": user_of(number),
        "session_id": str(number),
        "event": ("view", "cart", "purchase")[number % USERS % 3],
        "ip": "192.0.2.7",
        "hostname": "www.example.com",
        "uri": "/",
        "timestamp": "2026-11-21T10:00:00Z",
    }
    if is_bad(number):
        del event["uri"]
    return {"data": json.dumps(event) + "\n", "partition-key": user_of(number)}


@dataclass(frozen=True)
class Account:
    """What came in and where it is."""

    kills: int
    sent: int
    unacknowledged: int
    stored: int
    failed: int
    recoveries: Counter[str]

    def __str__(self) -> str:
        found = ", ".join(f"{count} {name}" for name, count in sorted(self.recoveries.items())) or "none"
        return (
            f"{self.kills} kills: {self.sent} acknowledged + up to {self.unacknowledged} unacknowledged "
            f"= {self.stored} stored + {self.failed} failed; interrupted batches: {found}"
        )


class CrashHarness:
    """One state directory, used by one run after another."""

    def __init__(self, start_run: StartRun, state: Path, seed: int, *options: str) -> None:
        self._start_run = start_run
        self._options = ("--interval", "0.3", *options)
        self.state = state
        self._random = random.Random(seed)
        self._numbers = iter(range(1, 10**9))
        self.acknowledged: list[int] = []
        self.unknown: list[int] = []
        self.kills = 0

    def kill_at(self, point: str) -> None:
        """Run under load until it reaches a named point and dies there."""
        with _environment(VARIABLE, point), self._life() as run:
            run.process.wait(PATIENCE_SECONDS)
        assert run.process.returncode == -signal.SIGKILL, f"the run did not reach {point}"
        self.kills += 1

    def kill_at_random(self) -> None:
        """Run under load and die at any moment: while it starts, recovers, reads, transforms or commits."""
        with self._life() as run:
            time.sleep(self._random.uniform(0.05, 3.5))
            run.kill()
        self.kills += 1

    @contextmanager
    def _life(self) -> Iterator[LocalRunProcess]:
        with self._start_run(self.state, *self._options) as run:
            sender = Sender(run.port, self._numbers, self.acknowledged, self.unknown)
            sender.start()
            yield run
            sender.stopping.set()
            sender.join()

    def settle(self) -> tuple[Account, list[dict[str, Any]], list[int]]:
        """Deliver the rest in peace; the account, the rows, and the numbers of the failed records."""
        with self._start_run(self.state, *self._options) as run:
            run.flush()
            status = json.loads(run.command("status", "--json").stdout)
            rows = run.sql(f"select user_id, session_id from {TABLE}")
        failed = [json.loads(base64.b64decode(item["rawData"])) for item in self._envelopes()]
        counters = status["deliveries"][0]["counters"]
        account = Account(
            self.kills,
            len(self.acknowledged),
            len(self.unknown),
            counters.get("stored", 0),
            counters.get("processing-failed", 0) + counters.get("iceberg-failed", 0),
            self._recoveries(),
        )
        assert status["streams"][0]["records"] == account.stored + account.failed
        return account, rows, [int(event["session_id"]) for event in failed]

    def _envelopes(self) -> list[dict[str, Any]]:
        files = [path for path in (self.state / "s3").rglob("*-failed/**/*") if path.is_file()]
        return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]

    def _recoveries(self) -> Counter[str]:
        """What the starts found, in the words of the log."""
        text = (self.state / "logs" / "local-run.log").read_text()
        kinds = ("finished from what was written down", "found complete", "delivered anew")
        return Counter({kind: text.count(kind) for kind in kinds if kind in text})


def schedule(kills: int) -> list[str | None]:
    """Named points in turn, and as many random moments (None) between them."""
    named = [CRASH_POINTS[index % len(CRASH_POINTS)] for index in range((kills + 1) // 2)]
    return [item for point in named for item in (point, None)][:kills]


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
