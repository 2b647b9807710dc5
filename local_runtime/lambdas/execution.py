"""One invocation in one execution environment, and how each way to fail looks to the caller.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
import signal
import time
import uuid
from dataclasses import dataclass

from local_runtime.lambdas.configuration import FunctionConfiguration
from local_runtime.lambdas.environment import Surroundings, function_environment
from local_runtime.lambdas.logs import LogLines, LogSink
from local_runtime.lambdas.process import RESPONSE_LIMIT_BYTES, InitError, RuntimeProcess
from local_runtime.lambdas.runtime_api import DeadlineError, RuntimeExitedError

INIT_SECONDS = 10
"""Lambda's limit on loading a function; after that the loading counts against the function's own timeout."""


@dataclass(frozen=True)
class Invocation:
    """What Invoke answers."""

    payload: bytes
    function_error: str | None
    """`Unhandled` when the function failed; the payload then has `errorType` and `errorMessage`."""
    request_id: str
    log_tail: str
    duration_ms: float
    status: int = 200


class ExecutionEnvironment:
    """A process with its log, in the hands of one thread at a time; any thread may `kill` it."""

    def __init__(
        self, configuration: FunctionConfiguration, surroundings: Surroundings, sink: LogSink
    ) -> None:
        self._configuration = configuration
        self._log = LogLines(sink)
        self.reusable = False
        """Whether the process came through its last invocation and can take another."""
        self._process = RuntimeProcess(
            configuration.handler,
            surroundings.task_root,
            lambda runtime_api: function_environment(configuration, surroundings, runtime_api),
            self._log.feed,
        )

    def is_waiting(self) -> bool:
        """Whether the process still waits for events; it may have died since its last one."""
        try:
            self._process.wait_ready(time.monotonic() + 1)
        except (DeadlineError, RuntimeExitedError):
            return False
        return True

    def run(self, payload: bytes) -> Invocation:
        request_id = str(uuid.uuid4())
        self._log.start(f"START RequestId: {request_id} Version: $LATEST")
        self.reusable = False
        begun = time.monotonic()
        try:
            self._process.wait_ready(begun + INIT_SECONDS + self._configuration.timeout_seconds)
            begun = time.monotonic()
            body, error = self._handle(payload, request_id, begun)
        except InitError as failure:
            body, error = failure.payload, "Unhandled"
        except DeadlineError:
            timeout = self._configuration.timeout_seconds
            body = self._end("Sandbox.Timedout", request_id, f"Task timed out after {timeout:.2f} seconds")
            error = "Unhandled"
        except RuntimeExitedError:
            body = self._end("Runtime.ExitError", request_id, _exit_reason(self._process.exit_status()))
            error = "Unhandled"
        duration_ms = (time.monotonic() - begun) * 1000
        self._log.write(f"END RequestId: {request_id}")
        self._log.write(f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms")
        return Invocation(body, error, request_id, self._log.tail(), duration_ms)

    def _handle(self, payload: bytes, request_id: str, begun: float) -> tuple[bytes, str | None]:
        timeout = self._configuration.timeout_seconds
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self._configuration.arn,
        }
        self._process.send(payload, headers)
        answer = self._process.answer(request_id, begun + timeout)
        if answer.too_large:
            # The runtime gives up when it is told so, here as on AWS: the environment cannot be used again.
            return _error_document("Function.ResponseSizeTooLarge", _TOO_LARGE), "Unhandled"
        self.reusable = True
        return answer.payload, "Unhandled" if answer.is_error else None

    def _end(self, error_type: str, request_id: str, reason: str) -> bytes:
        message = f"RequestId: {request_id} Error: {reason}"
        self._log.write(message)
        return _error_document(error_type, message)

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._process.close()


_TOO_LARGE = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT_BYTES} bytes)."


def _error_document(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def _exit_reason(status: int) -> str:
    if status == 0:
        return "Runtime exited without providing a reason"
    if status > 0:
        return f"Runtime exited with error: exit status {status}"
    return f"Runtime exited with error: signal: {(signal.strsignal(-status) or str(-status)).lower()}"
