"""How the commands talk to a run that is up."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_runtime.errors import LocalRuntimeError
from local_runtime.state import StateDirectory

HOST = "127.0.0.1"
MAX_FLUSH_SECONDS = 24 * 3600.0
MAX_SNAPSHOT_HOURS = 20 * 365 * 24.0


class ControlClient:
    """Asks the run on a port, or the one that has a state directory."""

    def __init__(self, port: int | None, state: Path) -> None:
        self._port = StateDirectory(state).find_run().port if port is None else port

    def ask(self, action: str, request: dict[str, Any], timeout: float = 300) -> dict[str, Any]:
        """The answer of `/_local/{action}`.

        Raises:
            LocalRuntimeError: nobody answers, or the run refuses.
        """
        return self._post(f"/_local/{action}", {}, request, timeout)

    def call(self, target: str, request: dict[str, Any], timeout: float = 60) -> dict[str, Any]:
        """The answer of an action of AWS's, such as `AWSStepFunctions.StartExecution`.

        Raises:
            LocalRuntimeError: nobody answers, or the service refuses.
        """
        return self._post("/", {"X-Amz-Target": target}, request, timeout)

    def _post(
        self, path: str, headers: Mapping[str, str], request: dict[str, Any], timeout: float
    ) -> dict[str, Any]:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=timeout)
        try:
            connection.request("POST", path, json.dumps(request), dict(headers))
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            raise LocalRuntimeError(f"the run on port {self._port} does not answer: {error}") from None
        except ValueError:
            raise LocalRuntimeError(f"what listens on port {self._port} is no local run") from None
        finally:
            connection.close()
        if response.status != 200:
            raise LocalRuntimeError(str(answer.get("message", answer)))
        return dict(answer)
