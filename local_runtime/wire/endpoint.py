"""AWS JSON 1.0 and 1.1 over HTTP: `X-Amz-Target: <prefix>.<action>` picks the service and the action.

Signatures are not verified: the port is on loopback and there are no accounts to tell apart.
https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

import orjson

from local_runtime.errors import AwsError
from local_runtime.service import Service
from local_runtime.wire.http import BodyTooLargeError, Headers, Receive, Scope, Send, read_body, respond

MAX_BODY_BYTES = 32 * 1024 * 1024
"""More than any action takes: 10 MiB of records are 14 MB in base64."""

_JSON = b"application/x-amz-json-1.1"
_log = logging.getLogger(__name__)


class AwsJsonEndpoint:
    """An ASGI app for the root path of the port.

    Args:
        services_by_target_prefix: such as `Kinesis_20131202`, `Firehose_20150804`, `AmazonAthena`, `AWSGlue`.
        in_thread: the prefixes whose calls may take long; they run in a thread, the others in the event loop.
    """

    def __init__(
        self, services_by_target_prefix: Mapping[str, Service], *, in_thread: Collection[str] = ()
    ) -> None:
        self._services = services_by_target_prefix
        self._in_thread = frozenset(in_thread)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        target = headers.get(b"x-amz-target", b"").decode("latin-1")
        try:
            body = await read_body(receive, MAX_BODY_BYTES)
            if scope["method"] != "POST" or not target:
                raise _no_target(scope, headers)
            answer = await self._answer(target, body)
        except BodyTooLargeError:
            message = f"The request is longer than {MAX_BODY_BYTES} bytes."
            await _fail(send, headers, AwsError("RequestEntityTooLarge", message, 413))
        except AwsError as error:
            await _fail(send, headers, error)
        except Exception:
            _log.exception("%s failed", target)
            message = f"{target} failed inside the local run; its log has the details."
            await _fail(send, headers, AwsError("InternalFailure", message, 500))
        else:
            await respond(send, 200, _headers(_content_type(headers), str(uuid4())), answer)

    async def _answer(self, target: str, body: bytes) -> bytes:
        prefix, _, action = target.rpartition(".")
        service = self._services.get(prefix)
        if service is None:
            known = ", ".join(sorted(self._services))
            raise AwsError(
                "UnknownOperationException",
                f"No service here answers X-Amz-Target {target}; these do: {known}",
            )
        request = _parse(body)
        if prefix in self._in_thread:
            return orjson.dumps(await asyncio.to_thread(service, action, request))
        return orjson.dumps(service(action, request))


def _parse(body: bytes) -> dict[str, Any]:
    try:
        request = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise AwsError("SerializationException", f"The request is not JSON: {error}") from None
    if not isinstance(request, dict):
        raise AwsError("SerializationException", "The request must be a JSON object.")
    return request


def _no_target(scope: Scope, headers: Mapping[bytes, bytes]) -> AwsError:
    credential = headers.get(b"authorization", b"").decode("latin-1").partition("Credential=")[2].split("/")
    service = f" (the request is signed for {credential[3]})" if len(credential) > 3 else ""
    return AwsError(
        "UnknownOperationException",
        f"{scope['method']} {scope['path']} carries no X-Amz-Target{service}; "
        "the local run answers AWS JSON services on POST / and the REST APIs under /{api}/{stage}.",
    )


def _content_type(headers: Mapping[bytes, bytes]) -> bytes:
    sent = headers.get(b"content-type", _JSON).partition(b";")[0].strip().lower()
    return sent if sent.startswith(b"application/x-amz-json-") else _JSON


def _headers(content_type: bytes, request_id: str) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", content_type), (b"x-amzn-requestid", request_id.encode())]


async def _fail(send: Send, headers: Mapping[bytes, bytes], error: AwsError) -> None:
    request_id = str(uuid4())
    if b"x-amz-target" in headers:
        body = orjson.dumps({"__type": error.code, "message": error.message})
        content_type = _content_type(headers)
    else:
        # A client that names no target speaks the query or REST-XML protocol and parses nothing but XML.
        body = _xml_error(error, request_id, b"x-www-form-urlencoded" in headers.get(b"content-type", b""))
        content_type = b"application/xml"
    fields: Headers = [*_headers(content_type, request_id), (b"x-amzn-errortype", error.code.encode())]
    await respond(send, error.status, fields, body)


def _xml_error(error: AwsError, request_id: str, query: bool) -> bytes:
    inner = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    last = f"<RequestId>{request_id}</RequestId>"
    if query:
        return f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error>{last}</ErrorResponse>".encode()
    return f'<?xml version="1.0" encoding="UTF-8"?><Error>{inner}{last}</Error>'.encode()
