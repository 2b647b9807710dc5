"""S3's REST-XML API, path style: `/bucket/key` on the run's port.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
Clients use path style by themselves when the endpoint is an IP address.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote
from uuid import uuid4

from local_runtime.errors import AwsError
from local_runtime.services.s3 import buckets, objects, uploads
from local_runtime.services.s3.conditions import NotModifiedError
from local_runtime.services.s3.context import S3Context, S3Request
from local_runtime.wire.errors import s3_error
from local_runtime.wire.http import Message, Receive, Scope, Send, headers_of, query_of, raw_path, respond

_log = logging.getLogger(__name__)

_MAX_DISCARDED = 64 * 1024 * 1024

Operation = Callable[[S3Context, S3Request, Send], Awaitable[None]]

# What a request asks for when its query string names a subresource; the first that is there decides.
_SUBRESOURCES: dict[tuple[str, str], Operation] = {
    ("GET", "location"): buckets.get_location,
    ("GET", "versioning"): buckets.get_versioning,
    ("GET", "uploads"): uploads.list_multipart_uploads,
    ("POST", "delete"): buckets.delete_objects,
    ("POST", "uploads"): uploads.create_multipart_upload,
    ("POST", "uploadId"): uploads.complete_multipart_upload,
    ("PUT", "uploadId"): uploads.upload_part,
    ("GET", "uploadId"): uploads.list_parts,
    ("DELETE", "uploadId"): uploads.abort_multipart_upload,
}
_BUCKET: dict[str, Operation] = {
    "GET": buckets.list_keys,
    "HEAD": buckets.head_bucket,
    "PUT": buckets.create_bucket,
    "DELETE": buckets.delete_bucket,
}
_OBJECT: dict[str, Operation] = {
    "GET": objects.get_object,
    "HEAD": objects.head_object,
    "PUT": objects.put_object,
    "DELETE": objects.delete_object,
}
_UNKNOWN_SUBRESOURCES = frozenset(
    [
        "accelerate",
        "acl",
        "analytics",
        "attributes",
        "cors",
        "encryption",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "lifecycle",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "renameObject",
        "replication",
        "requestPayment",
        "restore",
        "retention",
        "select",
        "tagging",
        "torrent",
        "versions",
        "website",
    ]
)


class S3Endpoint:
    """An ASGI app. `context` waits until the buckets are there."""

    def __init__(self, context: Callable[[], S3Context]) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        bucket, _, key = raw_path(scope).lstrip("/").partition("/")
        body = _RequestBody(receive)
        request = S3Request(
            str(scope["method"]), unquote(bucket), unquote(key), query_of(scope), headers_of(scope), body
        )
        try:
            operation = _operation(request)
            context = await asyncio.to_thread(self._context)
            await operation(context, request, send)
        except NotModifiedError:
            await respond(send, 304, [], b"")
        except AwsError as error:
            await _fail(send, request, error, await body.settle(request.headers))
        except Exception:
            _log.exception("S3 %s /%s/%s failed", request.method, request.bucket, request.key)
            message = "The request failed inside the local run; its log has the details."
            failure = AwsError("InternalError", message, 500)
            await _fail(send, request, failure, await body.settle(request.headers))


def _operation(request: S3Request) -> Operation:
    method, query = request.method, request.query
    unknown = sorted(_UNKNOWN_SUBRESOURCES.intersection(query))
    if unknown:
        raise _not_implemented(f"{method} ?{unknown[0]}")
    for (verb, subresource), operation in _SUBRESOURCES.items():
        if verb == method and subresource in query:
            return operation
    if not request.bucket and method == "GET":
        return buckets.list_buckets
    found = (_OBJECT if request.key else _BUCKET).get(method)
    if found is None or not request.bucket:
        raise _not_implemented(f"{method} {'of an object' if request.key else 'of a bucket'}")
    return found


def _not_implemented(what: str) -> AwsError:
    return AwsError(
        "NotImplemented",
        f"The local run's S3 does not implement {what}; docs/local-runtime.md lists what it does.",
        501,
    )


class _RequestBody:
    """`receive`, and what to do with a body that nobody wanted in the end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._begun = self._ended = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._begun = True
        self._ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def settle(self, headers: Mapping[str, str]) -> bool:
        """Read the rest of the body, which the client sends before it looks for an answer.

        Returns:
            Whether the connection can be used again: not when a client that asked whether to send its body
            is told the outcome instead, nor when the rest is too much to read in vain.
        """
        if not self._begun and headers.get("expect", "").lower() == "100-continue":
            return False
        discarded = 0
        while not self._ended and discarded < _MAX_DISCARDED:
            discarded += len((await self()).get("body", b""))
        return self._ended


async def _fail(send: Send, request: S3Request, error: AwsError, reusable: bool) -> None:
    """Answer with an error, which for HEAD has no body: the status alone tells the client."""
    request_id = str(uuid4())
    fields: list[tuple[bytes, bytes]] = [(b"x-amz-request-id", request_id.encode())]
    if not reusable:
        fields.append((b"connection", b"close"))
    if request.method == "HEAD":
        await respond(send, error.status, fields, b"")
        return
    fields.append((b"content-type", b"application/xml"))
    try:
        await respond(send, error.status, fields, s3_error(error, request_id))
    except RuntimeError as late:  # the answer had begun: the connection breaks off, which the client notices
        _log.warning("S3 %s /%s/%s broke off: %s", request.method, request.bucket, request.key, late)
