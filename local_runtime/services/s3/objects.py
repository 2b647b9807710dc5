"""Operations on one object.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
"""

from __future__ import annotations

from email.utils import format_datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote

from local_runtime.errors import AwsError
from local_runtime.services.s3.body import UploadBody
from local_runtime.services.s3.checksums import PREFIX as CHECKSUM
from local_runtime.services.s3.conditions import byte_range, check_read, check_write
from local_runtime.services.s3.context import (
    S3Context,
    S3Request,
    encoded,
    in_thread,
    request_id,
    send_empty,
    send_xml,
)
from local_runtime.services.s3.metadata import ObjectInfo
from local_runtime.services.s3.store import ObjectUpload, kept_headers
from local_runtime.wire.http import Send

_BLOCK = 1 << 20
_OVERRIDES = "response-"


class Sink(Protocol):
    """Where the bytes of an upload go."""

    def write(self, data: bytes) -> None: ...
    def finish(self, trailers: dict[str, str]) -> tuple[str, dict[str, str]]: ...


async def head_object(context: S3Context, request: S3Request, send: Send) -> None:
    info: ObjectInfo = await in_thread(context.store.info, request.bucket, request.key)
    check_read(request.headers, info)
    fields = {**_headers(request, info, whole=True), "content-length": str(info.size)}
    await send({"type": "http.response.start", "status": 200, "headers": [*encoded(fields), *request_id()]})
    await send({"type": "http.response.body", "body": b""})


async def get_object(context: S3Context, request: S3Request, send: Send) -> None:
    info: ObjectInfo = await in_thread(context.store.info, request.bucket, request.key)
    check_read(request.headers, info)
    wanted = byte_range(request.headers.get("range"), info.size)
    start, end = (0, info.size - 1) if wanted is None else wanted
    fields = {**_headers(request, info, whole=wanted is None), "content-length": str(end - start + 1)}
    if wanted is not None:
        fields["content-range"] = f"bytes {start}-{end}/{info.size}"
    file: BinaryIO = await in_thread(_open, context.store.path(request.bucket, request.key))
    with file:
        status = 200 if wanted is None else 206
        await send(
            {"type": "http.response.start", "status": status, "headers": [*encoded(fields), *request_id()]}
        )
        await _send_bytes(send, file, start, end - start + 1)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise AwsError("NoSuchKey", "The specified key does not exist any more.", 404) from None


async def _send_bytes(send: Send, file: BinaryIO, start: int, length: int) -> None:
    file.seek(start)
    while length > 0:
        block: bytes = await in_thread(file.read, min(_BLOCK, length))
        if not block:
            raise OSError("the object became shorter while it was read")
        length -= len(block)
        await send({"type": "http.response.body", "body": block, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _headers(request: S3Request, info: ObjectInfo, *, whole: bool) -> dict[str, str]:
    wants_checksum = whole and request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
    kept = {
        name: value for name, value in info.headers.items() if wants_checksum or not name.startswith(CHECKSUM)
    }
    overrides = {
        name.removeprefix(_OVERRIDES): value
        for name, value in request.query.items()
        if name.startswith(_OVERRIDES)
    }
    return {
        "content-type": "binary/octet-stream",
        **kept,
        **overrides,
        "etag": f'"{info.etag}"',
        "last-modified": format_datetime(info.last_modified, usegmt=True),
        "accept-ranges": "bytes",
    }


async def put_object(context: S3Context, request: S3Request, send: Send) -> None:
    existing = await in_thread(context.store.find, request.bucket, request.key)
    check_write(request.headers, existing)
    if "x-amz-copy-source" in request.headers:
        await _copy_object(context, request, send)
        return
    with ObjectUpload(context.store, request.bucket, request.key, request.headers) as upload:
        etag, checksums = await receive_upload(request, upload)
    await send_empty(send, 200, {"etag": f'"{etag}"', **checksums})


async def receive_upload(request: S3Request, sink: Sink) -> tuple[str, dict[str, str]]:
    """Everything that the client sends goes to the sink; its ETag and checksums."""
    body = UploadBody(request.headers, request.receive)
    async for block in body:
        await in_thread(sink.write, block)
    found: tuple[str, dict[str, str]] = await in_thread(sink.finish, dict(body.trailers))
    return found


async def _copy_object(context: S3Context, request: S3Request, send: Send) -> None:
    source = copy_source(request)
    info: ObjectInfo = await in_thread(context.store.info, *source)
    check_copy(request, info)
    replaces = request.headers.get("x-amz-metadata-directive", "COPY").upper() == "REPLACE"
    target = (request.bucket, request.key)
    if source == target and not replaces:
        message = "This copy request is illegal: it copies an object to itself without changing its metadata."
        raise AwsError("InvalidRequest", message)
    headers = kept_headers(request.headers) if replaces else None
    copied: ObjectInfo = await in_thread(context.store.copy, source, target, headers)
    result = {"ETag": f'"{copied.etag}"', "LastModified": copied.last_modified}
    await send_xml(send, "CopyObjectResult", result)


def copy_source(request: S3Request) -> tuple[str, str]:
    """Bucket and key of `x-amz-copy-source`."""
    source = unquote(request.headers["x-amz-copy-source"].partition("?")[0]).lstrip("/")
    bucket, _, key = source.partition("/")
    return bucket, key


def check_copy(request: S3Request, info: ObjectInfo) -> None:
    """The conditions of a copy, which for a copy are never a 304."""
    conditions = {
        name.removeprefix("x-amz-copy-source-"): value
        for name, value in request.headers.items()
        if name.startswith(("x-amz-copy-source-if-match", "x-amz-copy-source-if-unmodified-since"))
    }
    check_read(conditions, info)


async def delete_object(context: S3Context, request: S3Request, send: Send) -> None:
    await in_thread(context.store.delete, request.bucket, request.key)
    await send_empty(send, 204)
