"""What every layer shares: the project's root, one synth of a system for the whole session, a run of it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_runtime.assembly import Assembly, load_assembly
from stacks.config import context_files

ROOT = Path(__file__).resolve().parents[1]


def synthesize(directory: Path, system: str, **settings: Any) -> None:
    """`python app.py` with one system into a directory, as `make synth` does, without an account."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("CDK_")}
    subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={
            **variables,
            "CDK_OUTDIR": str(directory),
            "CDK_CONTEXT_JSON": json.dumps({**context_files(ROOT), "systems": system, **settings}),
        },
        check=True,
        capture_output=True,
        timeout=120,
    )


@pytest.fixture(scope="session")
def assembly_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`assembly_of("click_logger")`: a system, synthesized; the workers of one session share one synth."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def assembly_of(system: str) -> Path:
        directory = shared / f"cdk.out.{system}"
        with (shared / f"{system}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (directory / "manifest.json").exists():
                synthesize(directory, system)
        return directory

    return assembly_of


@pytest.fixture(scope="session")
def assembly_directory(assembly_of: Callable[[str], Path]) -> Path:
    """The main system."""
    return assembly_of("web_analytics")


@pytest.fixture(scope="session")
def assembly(assembly_directory: Path) -> Assembly:
    return load_assembly(assembly_directory)


@dataclass
class LocalRunProcess:
    """`python -m local_runtime up` in a process of its own."""

    process: subprocess.Popen[str]
    state: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        return f"{self.url}/log-collector/v1"

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command of `python -m local_runtime`, told the state alone."""
        return local_runtime(*arguments, "--state", str(self.state))

    def sql(self, statement: str) -> list[dict[str, Any]]:
        finished = self.command("sql", statement, "--format", "json")
        assert finished.returncode == 0, finished.stderr
        return list(json.loads(finished.stdout))

    def flush(self) -> None:
        finished = self.command("flush")
        assert finished.returncode == 0, finished.stderr

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def local_runtime(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local_runtime", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


StartRun = Callable[..., Any]


@pytest.fixture(scope="session")
def start_run(assembly_of: Callable[[str], Path]) -> StartRun:
    """`with start_run(state) as run:` brings a run of a system up on a free port and ends it."""

    @contextmanager
    def start(
        state: Path, *options: str, system: str = "web_analytics", assembly: Path | None = None
    ) -> Iterator[LocalRunProcess]:
        synthesized = assembly_of(system) if assembly is None else assembly
        command = [sys.executable, "-m", "local_runtime", "up", "--assembly", str(synthesized)]
        command += ["--state", str(state), "--port", "0", *options]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield LocalRunProcess(process, state, _port(process, state))
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)

    return start


def _port(process: subprocess.Popen[str], state: Path) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the run ended at once: {process.communicate()[0]}")
        try:
            info = json.loads((state / "run.json").read_text())
        except (FileNotFoundError, ValueError):
            time.sleep(0.05)
            continue
        if info["pid"] == process.pid:
            return int(info["port"])
        time.sleep(0.05)
    raise AssertionError("the run was not up after 60 s")
