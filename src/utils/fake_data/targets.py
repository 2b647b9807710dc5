"""Where records go: the API over HTTP, a delivery stream by the SDK, or standard output."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from .answers import ACCEPTED, Answer, all_failed, read_answer, read_batch_answer
from .display import Display
from .payloads import Record, record_body, records_body
from .settings import Settings

if TYPE_CHECKING:
    from aiohttp import ClientSession

REQUEST_SECONDS = 30.0


class Target(Protocol):
    """Takes records while it is open. `put` never raises for what may go wrong on the way."""

    async def __aenter__(self) -> Target: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    async def put(self, records: Sequence[Record]) -> Answer: ...


def choose_target(settings: Settings, display: Display) -> Target:
    match settings.target:
        case "firehose":
            return FirehoseTarget(settings, display)
        case "-":
            return LineTarget()
    return ApiTarget(settings, display)


class ApiTarget:
    """PutRecord or PutRecords of the log-collector API."""

    _http: ClientSession

    def __init__(self, settings: Settings, display: Display) -> None:
        self._display = display
        self._url = settings.put_url
        self._connections = settings.concurrency
        self._encode = record_body if settings.api_method == "record" else records_body

    async def __aenter__(self) -> ApiTarget:
        # 0.2 s of import that --help and --dry-run need not pay
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

        self._http = ClientSession(
            connector=TCPConnector(limit=self._connections),
            timeout=ClientTimeout(total=REQUEST_SECONDS),
            headers={"Content-Type": "application/json"},
            cookie_jar=DummyCookieJar(),
        )
        # aiohttp resends a PUT by itself on a stale connection; such a resend would be in no account
        self._http._retry_connection = False
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def put(self, records: Sequence[Record]) -> Answer:
        from aiohttp import ClientError

        try:
            async with self._http.put(self._url, data=self._encode(records)) as response:
                body = await response.read()
        except (ClientError, TimeoutError) as error:
            reason = _no_answer(error)
            self._display.failure(reason)
            return all_failed(len(records), reason, may_retry=True, reached=False)
        self._display.answer(response.status, response.reason, body)
        return read_answer(response.status, body, len(records))


class FirehoseTarget:
    """PutRecordBatch of a delivery stream, by boto3 in a thread for each request under way.

    A record goes without a newline: the delivery stream of app_analytics adds it.
    https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
    """

    def __init__(self, settings: Settings, display: Display) -> None:
        from ..aws.clients import Clients

        self._display = display
        self._stream = settings.delivery_stream
        # the sender retries, and counts each time: the SDK must not do so unseen
        self._client: Any = Clients()("firehose", attempts=1)

    async def __aenter__(self) -> FirehoseTarget:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def put(self, records: Sequence[Record]) -> Answer:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        entries = [{"Data": record.data} for record in records]
        try:
            response = await _in_thread(
                lambda: self._client.put_record_batch(DeliveryStreamName=self._stream, Records=entries)
            )
        except ClientError as error:
            return _refused(error.response, len(records))
        except BotoCoreError as error:
            reason = str(error).rstrip(".")
            self._display.failure(reason)
            may_retry = not isinstance(error, NoCredentialsError)
            return all_failed(len(records), reason, may_retry=may_retry, reached=False)
        return read_batch_answer(response, len(records))


class LineTarget:
    """A line a record on standard output."""

    async def __aenter__(self) -> LineTarget:
        return self

    async def __aexit__(self, *_: object) -> None:
        sys.stdout.flush()

    async def put(self, records: Sequence[Record]) -> Answer:
        sys.stdout.buffer.write(b"".join(record.data + b"\n" for record in records))
        await asyncio.sleep(0)  # a clock and a signal get their turn
        return ACCEPTED


async def _in_thread(call: Callable[[], Any]) -> Any:
    """A thread that the end of the program does not wait for: a second Ctrl-C means now."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)

    Thread(target=work, daemon=True).start()
    return await asyncio.wrap_future(future)


def _refused(response: dict[str, Any], size: int) -> Answer:
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    error = response["Error"]
    # a full delivery stream is a 503 or, for a limit of the account, a throttle
    may_retry = status >= 500 or error["Code"] in ("ThrottlingException", "LimitExceededException")
    return all_failed(size, f"{error['Code']}: {error['Message']}".rstrip(".: "), may_retry=may_retry)


def _no_answer(error: Exception) -> str:
    from aiohttp import ClientConnectorError, ClientSSLError, ServerDisconnectedError

    match error:
        case ClientSSLError():
            return f"no secure connection ({error})"
        case ClientConnectorError():
            return f"cannot connect to {error.host}:{error.port} ({_system_error(error.os_error)})"
        case ServerDisconnectedError():
            return "the connection was closed before the answer"
        case TimeoutError():
            return f"no answer within {REQUEST_SECONDS:.0f} s"
    return f"no answer ({type(error).__name__}: {error})"


def _system_error(error: OSError) -> str:
    # asyncio writes its own words over the system's; a name that does not resolve has a number below zero
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return str(error.strerror)
