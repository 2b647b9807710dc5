"""`/_local/...`: what the run's own commands ask it. Not an AWS API."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from local_runtime.client import MAX_FLUSH_SECONDS, MAX_SNAPSHOT_HOURS
from local_runtime.errors import LocalRuntimeError
from local_runtime.rules.rules import outcome
from local_runtime.run import LocalRun
from local_runtime.status import run_status
from local_runtime.tail import read_tail
from local_runtime.wire.workers import Workers

log = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, dict[str, Any]]

MAX_BODY_BYTES = 1024 * 1024
LONG_ACTIONS = frozenset({"fire-rule", "flush", "sql", "maintain", "crawl"})
PARALLEL_LONG_ACTIONS = 16
DEFAULT_FLUSH_SECONDS = 60.0


class InvalidRequestError(Exception):
    """A member of the request is not what it must be; the message says which."""


class Control:
    """An ASGI app; every answer is JSON."""

    def __init__(self, run: LocalRun) -> None:
        self._run = run
        self._actions: Mapping[str, Callable[[dict[str, Any]], Answer]] = {
            "status": self._status,
            "flush": self._flush,
            "sql": self._sql,
            "maintain": self._maintain,
            "crawl": self._crawl,
            "tail": self._tail,
            "messages": self._messages,
            "fire-rule": self._fire_rule,
        }
        self._long = Workers("control", PARALLEL_LONG_ACTIONS)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        name = scope["path"].removeprefix("/_local/")
        if name not in self._actions:
            known = ", ".join(f"/_local/{known}" for known in self._actions)
            status, answer = 404, {"message": f"there is {known}"}
        else:
            status, answer = await self._act(name, await _read(receive))
        body = orjson.dumps(answer, default=str)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def close(self) -> None:
        self._long.close(wait=True)

    async def _act(self, name: str, body: bytes) -> Answer:
        try:
            request = orjson.loads(body) if body else {}
        except ValueError as error:
            return 400, {"message": f"the body is not JSON: {error}"}
        if not isinstance(request, dict):
            return 400, {"message": "the body must be a JSON object"}
        try:
            if name in LONG_ACTIONS:
                return await self._long.run(self._actions[name], request)
            return await asyncio.to_thread(self._actions[name], request)
        except InvalidRequestError as error:
            return 400, {"message": str(error)}
        except Exception as error:
            log.exception("a control request failed")
            return 500, {"message": f"{type(error).__name__}: {error}"}

    def _status(self, _request: dict[str, Any]) -> Answer:
        return 200, run_status(self._run)

    def _flush(self, request: dict[str, Any]) -> Answer:
        seconds = _number(request, "timeout_seconds", MAX_FLUSH_SECONDS)
        seconds = DEFAULT_FLUSH_SECONDS if seconds is None else seconds
        return 200, {"flushed": self._run.flush(seconds), "status": run_status(self._run)}

    def _tail(self, request: dict[str, Any]) -> Answer:
        after = _positions(request.get("after"))
        try:
            return 200, read_tail(self._run.streams, self._run.direct_puts, after)
        except ValueError as error:
            raise InvalidRequestError(f"after: {error}") from error

    def _fire_rule(self, request: dict[str, Any]) -> Answer:
        rules, moment = self._run.workflows.rules, _moment(request)
        try:
            rule = rules.find(_text(request, "name") or "")
        except LocalRuntimeError as error:
            raise InvalidRequestError(str(error)) from error
        results = list(rules.fire(rule, moment))  # all are called before the first is waited for
        targets = [outcome(target, result) for target, result in results]
        return 200, {"rule": rule.name, "time": moment.isoformat(), "targets": targets}

    def _messages(self, request: dict[str, Any]) -> Answer:
        try:
            return 200, {"messages": self._run.aws.messages.read(_text(request, "topic"))}
        except LocalRuntimeError as error:
            raise InvalidRequestError(str(error)) from error

    def _maintain(self, request: dict[str, Any]) -> Answer:
        hours = _number(request, "snapshot_hours", MAX_SNAPSHOT_HOURS)
        age = None if hours is None else timedelta(hours=hours)
        return 200, {"tables": [asdict(done) for done in self._run.upkeep.maintain_now(age)]}

    def _crawl(self, request: dict[str, Any]) -> Answer:
        name, known = _text(request, "name"), sorted(self._run.crawlers.by_name)
        if name is not None and name not in known:
            raise InvalidRequestError(f"there is no crawler {name!r}; there is {', '.join(known) or 'none'}")
        names = known if name is None else [name]
        return 200, {"crawls": [asdict(self._run.crawlers.run(name)) for name in names]}

    def _sql(self, request: dict[str, Any]) -> Answer:
        from local_runtime.athena.result import QueryError
        from local_runtime.athena.text import to_text

        try:
            result = self._run.athena.execute(_statement(request), _text(request, "database"))
        except QueryError as error:
            return 400, {"message": str(error)}
        return 200, {
            "columns": [{"name": column.name, "type": column.type} for column in result.columns],
            "rows": [[_json_value(value) for value in row] for row in result.rows],
            "text": [[to_text(value) for value in row] for row in result.rows],
            "milliseconds": result.statistics.execution_time_in_millis,
            "bytes_scanned": result.statistics.data_scanned_in_bytes,
        }


def _number(request: dict[str, Any], member: str, most: float) -> float | None:
    value = request.get(member)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise InvalidRequestError(f"{member} must be a number from 0 to {most:g} (got {value!r})")
    return float(value)


def _moment(request: dict[str, Any]) -> datetime:
    text = _text(request, "time")
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequestError(f"time must be like 2026-11-01T08:00:00Z (got {text!r})") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text(request: dict[str, Any], member: str) -> str | None:
    value = request.get(member)
    if value is not None and not isinstance(value, str):
        raise InvalidRequestError(f"{member} must be a string (got {value!r})")
    return value


def _statement(request: dict[str, Any]) -> str:
    statement = _text(request, "sql")
    return "" if statement is None else statement


def _positions(after: Any) -> dict[str, dict[str, str]] | None:
    if after is None:
        return None
    shards = list(after.values()) if isinstance(after, dict) else [None]
    if not all(isinstance(item, dict) and all(isinstance(n, str) for n in item.values()) for item in shards):
        raise InvalidRequestError(
            f"after must hold, for each source, shard ids and sequence numbers (got {after!r})"
        )
    return dict(after)


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
