"""What every demo starts and asks: a local run of its own, as a user would run it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60
DELIVERY_INTERVAL = 1.0
WAIT_SCALE = 0.02
"""A state machine's 30 s are 0.6."""

console = Console(width=None if sys.stdout.isatty() else 120)


class DemoError(Exception):
    """Something that ends the demo: one sentence and exit code 1."""


@dataclass(frozen=True)
class Run:
    """A local run of ours."""

    state: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def status(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_local/status", timeout=30) as response:  # noqa: S310
            return dict(json.load(response))

    def api_url(self, name: str) -> str:
        """Where a REST API answers.

        Raises:
            DemoError: the run has none of that name.
        """
        stages = {api["name"]: api["stages"] for api in self.status()["apis"]}
        if name not in stages:
            raise DemoError(f"the run has no API {name}; it has {', '.join(stages)}")
        return f"{self.url}/{name}/{stages[name][0]}"

    def sql(self, *arguments: str) -> str:
        """What `python -m local_runtime sql` prints."""
        return self.command("sql", *arguments)

    def command(self, name: str, *arguments: str) -> str:
        """What another command of `python -m local_runtime` prints.

        Raises:
            DemoError: it fails.
        """
        command = [sys.executable, "-m", "local_runtime", name, "--port", str(self.port), *arguments]
        finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
        if finished.returncode != 0:
            raise DemoError(f"{name} {' '.join(arguments)}: {finished.stderr.strip() or finished.stdout}")
        return finished.stdout


@contextmanager
def local_run(assembly: Path, folder: Path) -> Iterator[Run]:
    """A local run with its state in `folder` on a free port, stopped at the end whatever happens."""
    command = [sys.executable, "-m", "local_runtime", "up", "--port", "0", "--state", str(folder)]
    command += ["--assembly", str(assembly), "--interval", str(DELIVERY_INTERVAL)]
    command += ["--wait-scale", str(WAIT_SCALE)]
    log = folder / "up.txt"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603
        try:
            run = wait_until_up(process, folder, log)
            console.print(log.read_text().strip(), markup=False, highlight=False)
            yield run
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_up(process: subprocess.Popen[bytes], folder: Path, log: Path) -> Run:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoError(f"the local run ended at once:\n{log.read_text()}")
        info = folder / "run.json"
        if info.exists():
            run = Run(folder, int(json.loads(info.read_text())["port"]))
            status = run.status()
            if status["failure"] is not None:
                raise DemoError(f"the local run cannot work: {status['failure']}")
            if status["ready"]:
                return run
        time.sleep(0.1)
    raise DemoError(f"the local run was not up after {START_SECONDS} s:\n{log.read_text()}")
