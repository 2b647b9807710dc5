"""The few shapes of ASGI's HTTP that this package needs.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

_PATIENCE = 4
"""How many times the limit is read before the client is cut off."""


class BodyTooLargeError(Exception):
    """The request's body is longer than the endpoint takes."""


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
