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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError

from local_runtime.firehose.crash_point import CRASH_POINTS, VARIABLE
from tests.conftest import LocalRunProcess, StartRun

STREAM = "PUT-Firehose-aEhWz"
TABLE = "web_log_iceberg_db.web_log_iceberg"
PATIENCE_SECONDS = 20.0
BATCH = 20
Send = Callable[[Sequence[int]], bool]
"""Sends the records of these numbers; whether they were acknowledged."""
Client = Callable[[int], Send]
"""A run's port -> how to send to it."""
Found = TypeVar("Found")
USERS = 150
"""Upserts go to so many keys: most records replace a row that is there."""


@dataclass
class Sender(threading.Thread):
    """Puts batches one after another and notes which ones were acknowledged; it never sends one again."""

    send: Send
    batch: int
    numbers: Iterator[int]
    acknowledged: list[int]
    unknown: list[int]
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        while not self.stopping.is_set():
            batch = [next(self.numbers) for _ in range(self.batch)]
            try:
                is_acknowledged = self.send(batch)
            except (OSError, http.client.HTTPException, BotoCoreError):
                self.unknown += batch
                return
            (self.acknowledged if is_acknowledged else self.unknown).extend(batch)
            time.sleep(0.002)


def web_analytics_client(port: int) -> Send:
    """Batches through the main system's API."""
    post = http_client(port, "PUT", f"/log-collector/v1/streams/{STREAM}/records")
    return lambda batch: post({"records": [_record(number) for number in batch]}, {}) == 200


def http_client(port: int, method: str, path: str) -> Callable[[Any, Mapping[str, str]], int]:
    """Requests of one kind over one connection: body and headers -> status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def request(body: Any, headers: Mapping[str, str]) -> int:
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        response.read()
        return response.status

    return request


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

    def __init__(
        self,
        start_run: StartRun,
        state: Path,
        seed: int,
        *options: str,
        system: str = "web_analytics",
        client: Client = web_analytics_client,
        batch: int = BATCH,
    ) -> None:
        self._start_run = partial(start_run, state, "--interval", "0.3", *options, system=system)
        self._client = client
        self._batch = batch
        self.state = state
        self._random = random.Random(seed)
        self._numbers = iter(range(1, 10**9))
        self.acknowledged: list[int] = []
        self.unknown: list[int] = []
        self.kills = 0

    def crash(self, kills: int, points: Sequence[str] = CRASH_POINTS) -> None:
        """Named points in turn, and as many random moments between them."""
        for index in range(kills):
            if index % 2:
                self.kill_at_random()
            else:
                self.kill_at(points[index // 2 % len(points)])

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
        with self._start_run() as run:
            sender = Sender(
                self._client(run.port), self._batch, self._numbers, self.acknowledged, self.unknown
            )
            sender.start()
            yield run
            sender.stopping.set()
            sender.join()

    def settle(self, look: Callable[[LocalRunProcess], Found]) -> tuple[Account, Found, list[dict[str, Any]]]:
        """Deliver the rest in peace; the account, what is found in the run then, and the failed records."""
        with self._start_run() as run:
            run.flush()
            status = json.loads(run.command("status", "--json").stdout)
            found = look(run)
        failed = [json.loads(base64.b64decode(item["rawData"])) for item in self._envelopes()]
        (delivery,) = status["deliveries"]
        counters = {name: value for name, value in delivery["counters"].items() if ":" not in name}
        account = Account(
            self.kills,
            len(self.acknowledged),
            len(self.unknown),
            counters.pop("stored", 0),
            sum(counters.values()),
            self._recoveries(),
        )
        put = status["streams"][0] if status["streams"] else delivery["put"]
        assert put["records"] == account.stored + account.failed
        return account, found, failed

    def _envelopes(self) -> list[dict[str, Any]]:
        files = [path for path in (self.state / "s3").rglob("*-failed/**/*") if path.is_file()]
        return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]

    def _recoveries(self) -> Counter[str]:
        """What the starts found, in the words of the log."""
        text = (self.state / "logs" / "local-run.log").read_text()
        kinds = ("finished from what was written down", "found complete", "delivered anew")
        return Counter({kind: text.count(kind) for kind in kinds if kind in text})


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
