"""One port for everything: REST APIs by name, AWS JSON for the SDKs, `/_local/` for our own commands,
`/_cognito/` for signing in.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import uvicorn

from local_runtime.addresses import LOGIN_PATH
from local_runtime.control import Control
from local_runtime.errors import LocalRuntimeError
from local_runtime.origins import host_refusal, page_refusal
from local_runtime.run import LocalRun
from local_runtime.services.measurements import MeteredGateway
from local_runtime.wire.http import respond
from local_runtime.wire.router import is_aws_request

HOST = "127.0.0.1"
SHORT_CALLS = 32
"""Threads for calls that wait for the disk; what may take long has threads of its own."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def listen(port: int) -> socket.socket:
    """A socket on loopback; port 0 takes any free one.

    Raises:
        LocalRuntimeError: the port cannot be had.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = "it is in use" if in_use else str(error)
        raise LocalRuntimeError(
            f"port {port} on {HOST} cannot be opened: {reason}; pass another --port"
        ) from None
    return listener


class Application:
    """Sends each request to the gateway, the control, the sign-in or the AWS endpoint by its path."""

    def __init__(self, run: LocalRun) -> None:
        self._apis = {(name, stage) for name, api in run.gateway.apis.items() for stage in api.stages}
        self._gateway = run.gateway
        self._metered_gateway = MeteredGateway(run.gateway, run.metrics)
        self._control = Control(run)
        self._aws = run.aws

    def close(self) -> None:
        """Take up nothing more; called when the server has stopped."""
        self._control.close()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path, headers = scope["path"], scope["headers"]
        refusal = host_refusal(headers)
        if refusal is not None:
            await _forbid(send, refusal)
        elif tuple(path.split("/", 3)[1:3]) in self._apis:
            await self._metered_gateway(scope, receive, send)
        elif path.startswith(f"{LOGIN_PATH}/"):  # any page may send its readers there, as on AWS
            await self._aws.login(scope, receive, send)
        elif (refusal := page_refusal(headers)) is not None:
            await _forbid(send, refusal)
        elif path.startswith("/_local/"):
            await self._control(scope, receive, send)
        elif is_aws_request(scope):
            await self._aws(scope, receive, send)
        else:  # it says which APIs there are
            await self._gateway(scope, receive, send)


async def _forbid(send: Send, reason: str) -> None:
    body = orjson.dumps({"message": f"Forbidden: {reason}"})
    await respond(send, 403, [(b"content-type", b"application/json")], body)


class _Server(uvicorn.Server):
    """uvicorn, but a signal ends `serve` in order instead of ending the process, and the run's work first."""

    def __init__(self, config: uvicorn.Config, before_shutdown: Callable[[], None]) -> None:
        super().__init__(config)
        self._before_shutdown = before_shutdown

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Functions and executions call this port: once it is closed, they would fail for no fault of theirs.
        await asyncio.to_thread(self._before_shutdown)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


def serve(run: LocalRun, listener: socket.socket, on_open: Callable[[], None]) -> None:
    """Answer requests until SIGINT or SIGTERM; `on_open` is called when the first could be answered."""
    application = Application(run)
    config = uvicorn.Config(
        application, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=5
    )
    server = _Server(config, run.request_stop)

    def stop() -> None:
        server.should_exit = True  # the server looks at it ten times a second

    run.when_failed(stop)

    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(
            ThreadPoolExecutor(SHORT_CALLS, thread_name_prefix="short-call")
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        if server.started and not server.should_exit:
            on_open()
        await serving

    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(main())
    finally:
        run.request_stop()  # also where the server has not come as far as its shutdown
        application.close()
