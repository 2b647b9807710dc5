"""The few shapes of ASGI's HTTP that this package and the services need.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

_PATIENCE = 4
"""How many times the limit is read before the client is cut off."""


class BodyTooLargeError(Exception):
    """The request's body is longer than the endpoint takes."""


def headers_of(scope: Scope) -> dict[str, str]:
    """The request's headers, names in lower case."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def query_of(scope: Scope) -> dict[str, str]:
    """The parameters of the query string, also those without a value."""
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


def raw_path(scope: Scope) -> str:
    """The path as it was sent, still URL-encoded."""
    raw = scope.get("raw_path")
    return str(scope["path"]) if raw is None else raw.decode("latin-1")


async def read_body(receive: Receive, most: int) -> bytes:
    """The request's body.

    Raises:
        BodyTooLargeError: it has more than `most` bytes. Much of the rest is read first and thrown away,
            because a client looks for the answer only when it has sent everything.
    """
    chunks: list[bytes] = []
    size = 0
    more = True
    while more and size <= most * _PATIENCE:
        message = await receive()
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size <= most:
            chunks.append(chunk)
        else:
            chunks.clear()
        more = message.get("more_body", False)
    if size > most:
        raise BodyTooLargeError
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def respond(send: Send, status: int, headers: Headers, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})
