"""Reconciling a million records: `reconcile.py` as a user runs it, against a local run that has stored them.

The records are put into the stream's own store before the run starts; delivering them is not measured.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Result
from local_runtime.assembly import load_assembly
from local_runtime.kinesis.model import StreamDefinition
from local_runtime.kinesis.store import StreamStore
from local_runtime.state import StateDirectory

NAME = "Reconcile: a million records, 1 % of them bad"

_ROOT = Path(__file__).resolve().parents[2]
_RECORDS = 1_000_000
_BAD = 100  # one record in so many
_BATCH = 10_000
_ROUNDS = 3
_PATIENCE_SECONDS = 600


def run() -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        assembly, state = Path(folder, "cdk.out"), Path(folder, "state")
        _synthesize(assembly)
        _fill(assembly, state)
        with _local_run(assembly, state) as port:
            _local_runtime("flush", "--port", str(port), "--timeout", str(_PATIENCE_SECONDS))
            seconds = sorted(_reconcile(port) for _ in range(_ROUNDS))[_ROUNDS // 2]
    return [
        Result(
            name=f"wall clock for {_RECORDS:,} records, start of Python included",
            value=seconds,
            unit="s",
            target=5,
            better="lower",
        )
    ]


def _synthesize(directory: Path) -> None:
    settings = {**os.environ, "CDK_OUTDIR": str(directory)}
    subprocess.run([sys.executable, "app.py"], cwd=_ROOT, env=settings, check=True, capture_output=True)


def _fill(assembly: Path, state: Path) -> None:
    directory = StateDirectory(state)
    directory.acquire()
    store = StreamStore(directory.kinesis)
    (resource,) = load_assembly(assembly).of_type("AWS::Kinesis::Stream")
    definition = StreamDefinition.from_resource(resource)
    store.ensure_stream(definition)
    stream = store.stream(definition.name)
    assert stream is not None
    for start in range(0, _RECORDS, _BATCH):
        keys = [f"visitor-{number % 5000}" for number in range(start, start + _BATCH)]
        entries = [
            (stream.shard_for(key.encode()), key, _record(start + index, key))
            for index, key in enumerate(keys)
        ]
        store.append(definition.name, entries)
    store.close()
    directory.release()


def _record(number: int, user_id: str) -> bytes:
    if number % _BAD == 0:
        return b"not json"
    event = {
        "user_id": user_id,
        "session_id": f"s-{number // 20}",
        "event": ("visit", "view", "list", "like", "cart", "purchase")[number % 6],
        "referrer": None,
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "ip": f"192.0.2.{number % 256}",
        "hostname": "www.example.com",
        "os": "Linux",
        "timestamp": f"2026-11-21T{number // 60 % 24:02}:{number % 60:02}:00Z",
        "uri": f"/products/{number % 1000}",
    }
    return json.dumps(event).encode()


@contextmanager
def _local_run(assembly: Path, state: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "local_runtime", "up", "--port", "0", "--interval", "5"]
    process = subprocess.Popen(
        [*command, "--assembly", str(assembly), "--state", str(state)],
        cwd=_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    try:
        yield _port(state / "run.json")
    finally:
        process.terminate()
        process.wait()


def _port(info: Path) -> int:
    deadline = time.monotonic() + 60
    while not info.exists():
        if time.monotonic() > deadline:
            raise RuntimeError("the local run was not up after 60 s")
        time.sleep(0.1)
    return int(json.loads(info.read_text())["port"])


def _local_runtime(*arguments: str) -> None:
    command = [sys.executable, "-m", "local_runtime", *arguments]
    subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, timeout=_PATIENCE_SECONDS + 30)


def _reconcile(port: int) -> float:
    command = [sys.executable, "src/utils/reconcile.py", "--last", "2h", "--longest-delay", "0", "--json"]
    settings = {**os.environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    start = time.perf_counter()
    finished = subprocess.run(command, cwd=_ROOT, env=settings, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    account = json.loads(finished.stdout)
    if not account["closes"] or account["accepted"] != _RECORDS:
        raise RuntimeError(f"the account of the benchmark is wrong: {finished.stdout}")
    return seconds
