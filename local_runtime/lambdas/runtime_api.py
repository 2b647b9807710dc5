"""The Runtime API that a function's process speaks, for one process and without a thread of its own.

A runtime asks for the next event, posts its result and asks again, so the side that invokes can simply wait
for the next request. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_VERSION = "/2018-06-01/runtime"
NEXT = f"{_VERSION}/invocation/next"
INIT_ERROR = f"{_VERSION}/init/error"
INVOCATION = f"{_VERSION}/invocation/"
_REASONS = {200: "OK", 202: "Accepted", 404: "Not Found", 413: "Payload Too Large"}
_POLL_SECONDS = 0.05
_CHUNK = 65536


class DeadlineError(Exception):
    """The runtime sent no request in time."""


class RuntimeExitedError(Exception):
    """The process ended instead of sending a request."""


@dataclass(frozen=True)
class RuntimeRequest:
    method: str
    path: str
    body: bytes
    connection: socket.socket


class RuntimeApi:
    """Listens on a loopback port for one runtime, and reads the process's output while it waits.

    Args:
        on_output: takes what the process writes to stdout and stderr.
    """

    def __init__(self, on_output: Callable[[bytes], None]) -> None:
        self._on_output = on_output
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._connections: set[socket.socket] = set()
        self._output: int | None = None
        self._deadline = 0.0
        self._request: RuntimeRequest | None = None

    @property
    def address(self) -> str:
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def attach_output(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._output = descriptor
        self._selector.register(descriptor, selectors.EVENT_READ, self._read_output)

    def receive(self, deadline: float, has_exited: Callable[[], bool]) -> RuntimeRequest:
        """The runtime's next request. Whether the process is gone is asked when nothing is left to read.

        Raises:
            DeadlineError: none came before `deadline` (of the monotonic clock).
            RuntimeExitedError: the process is gone.
        """
        self._deadline = deadline
        self._request = None
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise DeadlineError
            ready = self._selector.select(min(left, _POLL_SECONDS))
            for key, _ in ready:
                key.data(key.fileobj)
            if self._request is not None:
                # Whatever the function printed before it answered is in the pipe by now.
                self._read_output(self._output)
                return self._request
            if not ready and has_exited():
                raise RuntimeExitedError

    def reply(
        self,
        request: RuntimeRequest,
        status: int,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        """Answers a request; a runtime that is gone by now will be noticed when its next request is due."""
        fields = {"Content-Type": "application/json", **(headers or {}), "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        head = f"HTTP/1.1 {status} {_REASONS[status]}\r\n{lines}\r\n".encode("latin-1")
        try:
            # One write: a body that trails its head costs a delayed acknowledgement, 40 ms and more.
            request.connection.sendall(head + body)
        except OSError:
            self._drop(request.connection)

    def _accept(self, listener: Any) -> None:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections.add(connection)
        self._selector.register(connection, selectors.EVENT_READ, self._read_request)

    def _read_request(self, connection: Any) -> None:
        connection.settimeout(max(0.001, self._deadline - time.monotonic()))
        try:
            request = _read_request(connection)
        except TimeoutError:
            raise DeadlineError from None
        except OSError:
            request = None
        if request is None:
            self._drop(connection)
        else:
            self._request = request

    def _read_output(self, descriptor: Any) -> None:
        while self._output is not None:
            try:
                chunk = os.read(descriptor, _CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                self._selector.unregister(descriptor)
                self._output = None
                return
            self._on_output(chunk)

    def _drop(self, connection: socket.socket) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
            self._selector.unregister(connection)
            connection.close()

    def close(self) -> None:
        for connection in tuple(self._connections):
            self._drop(connection)
        self._listener.close()
        self._selector.close()


def _read_request(connection: socket.socket) -> RuntimeRequest | None:
    """One HTTP/1.1 request with a Content-Length, which is all that runtimes send; None at the end."""
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0:
        chunk = connection.recv(_CHUNK)
        if not chunk:
            return None
        received += chunk
    request_line, *lines = received[:end].decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    method, path, _ = request_line.split(" ", 2)
    body = received[end + 4 :]
    missing = int(headers.get("content-length", "0")) - len(body)
    while missing > 0:
        chunk = connection.recv(min(missing, 1 << 20))
        if not chunk:
            return None
        body += chunk
        missing -= len(chunk)
    return RuntimeRequest(method, path, bytes(body), connection)
