"""`/_local/...`: what the run's own commands ask it. Not an AWS API."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import orjson

from local_runtime.run import LocalRun
from local_runtime.status import run_status
from local_runtime.tail import read_tail

log = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, dict[str, Any]]

MAX_BODY_BYTES = 1024 * 1024


class Control:
    """An ASGI app; every answer is JSON."""

    def __init__(self, run: LocalRun) -> None:
        self._run = run
        self._actions: Mapping[str, Callable[[dict[str, Any]], Answer]] = {
            "status": self._status,
            "flush": self._flush,
            "sql": self._sql,
            "maintain": self._maintain,
            "tail": self._tail,
        }

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        action = self._actions.get(scope["path"].removeprefix("/_local/"))
        if action is None:
            known = ", ".join(f"/_local/{name}" for name in self._actions)
            status, answer = 404, {"message": f"there is {known}"}
        else:
            status, answer = await self._act(action, await _read(receive))
        body = orjson.dumps(answer, default=str)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _act(self, action: Callable[[dict[str, Any]], Answer], body: bytes) -> Answer:
        try:
            request = orjson.loads(body) if body else {}
        except ValueError as error:
            return 400, {"message": f"the body is not JSON: {error}"}
        if not isinstance(request, dict):
            return 400, {"message": "the body must be a JSON object"}
        try:
            return await asyncio.to_thread(action, request)
        except Exception as error:
            log.exception("a control request failed")
            return 500, {"message": f"{type(error).__name__}: {error}"}

    def _status(self, _request: dict[str, Any]) -> Answer:
        return 200, run_status(self._run)

    def _flush(self, request: dict[str, Any]) -> Answer:
        seconds = float(request.get("timeout_seconds", 60))
        return 200, {"flushed": self._run.flush(seconds), "status": run_status(self._run)}

    def _tail(self, request: dict[str, Any]) -> Answer:
        return 200, read_tail(self._run.streams, request.get("after"))

    def _maintain(self, request: dict[str, Any]) -> Answer:
        hours = request.get("snapshot_hours")
        age = None if hours is None else timedelta(hours=float(hours))
        return 200, {"tables": [asdict(done) for done in self._run.upkeep.maintain_now(age)]}

    def _sql(self, request: dict[str, Any]) -> Answer:
        from local_runtime.athena.result import QueryError
        from local_runtime.athena.text import to_text

        try:
            result = self._run.athena.execute(str(request.get("sql", "")), request.get("database"))
        except QueryError as error:
            return 400, {"message": str(error)}
        return 200, {
            "columns": [{"name": column.name, "type": column.type} for column in result.columns],
            "rows": [[_json_value(value) for value in row] for row in result.rows],
            "text": [[to_text(value) for value in row] for row in result.rows],
            "milliseconds": result.statistics.execution_time_in_millis,
            "bytes_scanned": result.statistics.data_scanned_in_bytes,
        }


def _json_value(value: Any) -> Any:
    """Numbers, texts and truth values as JSON has them; everything else as Athena writes it."""
    from local_runtime.athena.text import to_text

    if value is None or isinstance(value, bool | float | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    return to_text(value)


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False) or sum(map(len, chunks)) > MAX_BODY_BYTES:
            return b"".join(chunks)
