"""ASGI 3 to requests and back; a body is never held beyond API Gateway's limit."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from local_runtime.gateway.context import Request, Response

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSAFE = re.compile(r"[\r\n\0]")

_DROPPED = frozenset({"transfer-encoding", "upgrade"})
_REMAPPED = {
    name: f"x-amzn-remapped-{name}"
    for name in ("connection", "content-length", "date", "server", "www-authenticate")
}
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html"""

MAX_BODY = 10 * 1024 * 1024
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html"""

MAX_DISCARDED = 10 * MAX_BODY
"""A client reads the 413 only after it has sent its body, so that much more is read and thrown away."""


def split_path(scope: Mapping[str, Any]) -> tuple[str, str, str]:
    """API name, stage, and the path below the stage, still URL-encoded."""
    raw = scope.get("raw_path")
    path = scope["path"] if raw is None else raw.decode("latin-1")
    _, name, stage, below = f"{path}///".split("/", 3)
    return unquote(name), stage, f"/{below.removesuffix('///').removesuffix('//').removesuffix('/')}"


class ClientDisconnected(Exception):  # noqa: N818 (an event, no error)
    """The client left before its request was whole: there is nobody to answer."""


async def read_body(receive: Receive) -> bytes | None:
    """The request's body; None when it is larger than the limit.

    Raises:
        ClientDisconnected: half a body is no request.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            chunks.append(chunk)
        else:
            chunks.clear()
        if not message.get("more_body", False) or size > MAX_DISCARDED:
            return b"".join(chunks) if size <= MAX_BODY else None


def request(scope: Mapping[str, Any], path: str, body: bytes) -> Request:
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    headers = dict(pairs)
    query_pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    query = dict(query_pairs)
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=path,
        query=query,
        headers=headers,
        body=body,
        source_ip="127.0.0.1" if client is None else client[0],
        is_bare_stage=path == "/" and not scope["path"].endswith("/"),
        repeated_query={} if len(query) == len(query_pairs) else _repeated(query_pairs),
        repeated_headers={} if len(headers) == len(pairs) else _repeated(pairs),
    )


def _repeated(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: found for name, found in values.items() if len(found) > 1}


async def send_response(send: Send, response: Response) -> None:
    headers = [
        (_REMAPPED.get(name, name).encode("latin-1"), _UNSAFE.sub(" ", value).encode("latin-1", "replace"))
        for name, value in (*response.headers.items(), *response.more_headers)
        if _HEADER_NAME.fullmatch(name) and name not in _DROPPED
    ]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
