"""One execution environment: a process of AWS's runtime interface client and the Runtime API in front of it.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local_runtime.lambdas.runtime_api import (
    INIT_ERROR,
    INVOCATION,
    NEXT,
    DeadlineError,
    RuntimeApi,
    RuntimeExitedError,
    RuntimeRequest,
)

RESPONSE_LIMIT_BYTES = 6_291_556
_REAP_SECONDS = 5.0


class InitError(Exception):
    """The function's module could not be loaded; `payload` is the runtime's own error document."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(payload.decode(errors="replace"))
        self.payload = payload


@dataclass(frozen=True)
class Answer:
    """What the runtime posted for an event."""

    payload: bytes
    is_error: bool
    too_large: bool = False


class RuntimeProcess:
    """A process that takes one event at a time. Only one thread may use it at a time, but any may kill it."""

    def __init__(
        self,
        handler: str,
        task_root: Path,
        environment: Callable[[str], Mapping[str, str]],
        on_output: Callable[[bytes], None],
    ) -> None:
        self._api = RuntimeApi(on_output)
        self._waiting: RuntimeRequest | None = None
        leash, self._leash = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-sP", "-m", "awslambdaric", handler],
                cwd=task_root,
                env=dict(environment(self._api.address)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(leash,),
            )
            _tie(leash, self._process.pid)
        finally:
            os.close(leash)
        assert self._process.stdout is not None
        self._api.attach_output(self._process.stdout.fileno())

    def wait_ready(self, deadline: float) -> None:
        """Waits until the runtime asks for an event, which it first does when the module is loaded.

        Raises:
            InitError: the module could not be loaded.
            DeadlineError: it took too long.
            RuntimeExitedError: the process ended.
        """
        while self._waiting is None:
            request = self._api.receive(deadline, self._has_exited)
            if request.path == NEXT:
                self._waiting = request
            elif request.path == INIT_ERROR:
                self._api.reply(request, 202)
                raise InitError(request.body)
            else:
                self._api.reply(request, 404)

    def send(self, event: bytes, headers: Mapping[str, str]) -> None:
        assert self._waiting is not None
        request, self._waiting = self._waiting, None
        self._api.reply(request, 200, headers, event)

    def answer(self, request_id: str, deadline: float) -> Answer:
        """Waits for what the function makes of the event.

        Raises:
            DeadlineError: it took too long.
            RuntimeExitedError: the process ended.
        """
        while True:
            request = self._api.receive(deadline, self._has_exited)
            if not request.path.startswith(f"{INVOCATION}{request_id}/"):
                self._api.reply(request, 404)
            elif len(request.body) > RESPONSE_LIMIT_BYTES:
                self._api.reply(request, 413)
                return Answer(b"", is_error=True, too_large=True)
            else:
                self._api.reply(request, 202)
                return Answer(request.body, is_error=request.path.endswith("/error"))

    def _has_exited(self) -> bool:
        return self._process.poll() is not None

    def exit_status(self) -> int:
        """How the process ended: its exit status, or minus the number of the signal that ended it."""
        return self._process.wait(_REAP_SECONDS)

    def kill(self) -> None:
        """Ends the process and what it started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kills and reaps the process and reads the last of its output; for the thread that uses it."""
        self.kill()
        self._process.wait(_REAP_SECONDS)
        with suppress(RuntimeExitedError, DeadlineError):
            self._api.receive(time.monotonic() + _REAP_SECONDS, self._has_exited)
        self._api.close()
        os.close(self._leash)
        assert self._process.stdout is not None
        self._process.stdout.close()


def _tie(leash: int, process_id: int) -> None:
    """Makes the kernel end the process when this one dies, by `kill -9` too, whatever the function is doing.

    The process holds the reading end of a pipe that this one never writes to. When the last writer is gone
    the kernel sends SIGIO to the pipe's owner, whose default is to end. A death signal by prctl would not do:
    it follows the thread that started the process, not this process.
    """
    fcntl.fcntl(leash, fcntl.F_SETOWN, process_id)
    fcntl.fcntl(leash, fcntl.F_SETFL, fcntl.fcntl(leash, fcntl.F_GETFL) | os.O_ASYNC)
