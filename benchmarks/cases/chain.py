"""The whole local run: time to the first answer, rate from the first PUT to rows that SQL counts, memory."""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Result

NAME = "the whole chain: HTTP to Iceberg to SQL"
ROOT = Path(__file__).resolve().parents[2]
STREAM = "PUT-Firehose-aEhWz"
COUNT = "select count(*) as n from web_log_iceberg_db.web_log_iceberg"
STARTS = 5
LOAD = 100_000
LONG_LOAD = 1_000_000
INTERVAL_SECONDS = 5
LIMIT_SECONDS = 300


@dataclass(frozen=True)
class Run:
    """A local run of the benchmark's own."""

    process: subprocess.Popen[bytes]
    port: int
    seconds_to_answer: float

    def rows(self) -> int:
        body = json.dumps({"sql": COUNT}).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_local/sql", body) as response:
            return int(json.load(response)["rows"][0][0])

    def send(self, records: int) -> None:
        command = [sys.executable, "src/utils/gen_fake_data.py", "--stream-name", STREAM, "--seed", "1"]
        command += ["--api-url", f"http://127.0.0.1:{self.port}/log-collector/v1", "--batch-size", "500"]
        command += ["--api-method", "records", "--max-count", str(records), "--quiet"]
        subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL, timeout=LIMIT_SECONDS)

    def wait_for_rows(self, records: int) -> None:
        deadline = time.monotonic() + LIMIT_SECONDS
        while self.rows() < records:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{records} rows were not there after {LIMIT_SECONDS} s")
            time.sleep(0.1)

    def resident_mib(self) -> float:
        """This process and the processes of its functions."""
        pids = [str(self.process.pid), *_children(self.process.pid)]
        return sum(_resident_kib(pid) for pid in pids) / 1024

    def own_resident_mib(self) -> float:
        return _resident_kib(str(self.process.pid)) / 1024


def run() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        assembly = Path(folder) / "cdk.out"
        variables = {**os.environ, "CDK_OUTDIR": str(assembly), "CDK_VALIDATION": "false"}
        subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=variables, check=True, capture_output=True)
        starts = []
        for number in range(STARTS):
            with local_run(assembly, Path(folder) / f"start-{number}") as started:
                starts.append(started.seconds_to_answer)
        with local_run(assembly, Path(folder) / "state") as loaded:
            return [
                Result(
                    name="`up` to the API's first answer",
                    value=statistics.median(starts),
                    unit="s",
                    target=1.5,
                    better="lower",
                ),
                *measure_load(loaded),
            ]


def measure_load(run: Run) -> list[Result]:
    started = time.monotonic()
    run.send(LOAD)
    sent = time.monotonic() - started
    run.wait_for_rows(LOAD)
    queryable = time.monotonic() - started
    memory, own = run.resident_mib(), run.own_resident_mib()
    for step in range(1, 10):
        run.send(LONG_LOAD // 10)
        run.wait_for_rows(LOAD + step * LONG_LOAD // 10)
    return [
        Result(name="API, 500 a request", value=LOAD / sent, unit="records/s"),
        Result(
            name=f"first PUT to queryable, {LOAD:,} records",
            value=LOAD / queryable,
            unit="records/s",
            target=5_000,
        ),
        Result(
            name=f"resident memory after {LOAD:,} records",
            value=own,
            unit="MiB",
            target=400,
            better="lower",
        ),
        Result(name="the same with the function's processes", value=memory, unit="MiB"),
        Result(
            name=f"resident memory after {LONG_LOAD:,} records / after {LOAD:,}",
            value=run.own_resident_mib() / own,
            unit="x",
            target=1.15,
            better="lower",
        ),
    ]


@contextmanager
def local_run(assembly: Path, state: Path) -> Iterator[Run]:
    """`python -m local_runtime up`, timed from its start to the first 200 of the API."""
    command = [sys.executable, "-m", "local_runtime", "up", "--assembly", str(assembly), "--port", "0"]
    command += ["--state", str(state), "--interval", str(INTERVAL_SECONDS)]
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = _answering_port(process, state / "run.json")
        yield Run(process, port, time.monotonic() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _answering_port(process: subprocess.Popen[bytes], run_file: Path) -> int:
    while process.poll() is None:
        try:
            port = int(json.loads(run_file.read_text())["port"])
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/log-collector/v1/streams") as response:
                if response.status == 200:
                    return port
        except (FileNotFoundError, ValueError):
            time.sleep(0.01)
    raise RuntimeError("the local run ended at once")


def _children(pid: int) -> list[str]:
    """Any of its threads may have started them."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [child for children in threads for child in children.read_text().split()]


def _resident_kib(pid: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ValueError(f"process {pid} has no resident memory")
