"""What every S3 operation gets: the stores, and the request taken apart."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from local_runtime.errors import AwsError
from local_runtime.services.s3.body import UploadBody
from local_runtime.services.s3.multipart import MultipartUploads
from local_runtime.services.s3.store import S3Store
from local_runtime.wire.http import Receive, Send, respond
from local_runtime.wire.xml import DECLARATION, element

NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
MAX_DOCUMENT_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True)
class S3Context:
    store: S3Store
    multipart: MultipartUploads
    region: str
    account: str


@dataclass(frozen=True)
class S3Request:
    method: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    receive: Receive

    async def document(self) -> bytes:
        """The body of a request that is an XML document.

        Raises:
            AwsError: MaxMessageLengthExceeded, IncompleteBody.
        """
        body = bytearray()
        async for block in UploadBody(self.headers, self.receive):
            body += block
            if len(body) > MAX_DOCUMENT_BYTES:
                message = f"Your request was too big: an XML document has at most {MAX_DOCUMENT_BYTES} bytes."
                raise AwsError("MaxMessageLengthExceeded", message)
        return bytes(body)


async def in_thread(function: Any, *arguments: Any) -> Any:
    """Work that waits for the disk, away from the event loop."""
    return await asyncio.to_thread(function, *arguments)


async def send_xml(send: Send, name: str, value: Any, status: int = 200) -> None:
    body = (DECLARATION + element(name, value, attributes=NAMESPACE)).encode()
    await respond(send, status, [(b"content-type", b"application/xml"), *request_id()], body)


async def send_empty(send: Send, status: int, headers: Mapping[str, str] | None = None) -> None:
    fields = [] if headers is None else encoded(headers)
    await respond(send, status, [*fields, *request_id()], b"")


def encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]


def request_id() -> list[tuple[bytes, bytes]]:
    return [(b"x-amz-request-id", uuid4().hex[:16].upper().encode())]
