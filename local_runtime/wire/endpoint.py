"""AWS JSON 1.0 and 1.1 over HTTP: `X-Amz-Target: <prefix>.<action>` picks the service and the action.

Signatures are not verified: the port is on loopback and there are no accounts to tell apart.
https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson

from local_runtime.errors import AwsError
from local_runtime.service import Service
from local_runtime.wire.errors import json_content_type, send_error
from local_runtime.wire.http import BodyTooLargeError, Receive, Scope, Send, headers_of, read_body, respond

MAX_BODY_BYTES = 32 * 1024 * 1024
"""More than any action takes: 10 MiB of records are 14 MB in base64."""

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

    def answers(self, target: str) -> bool:
        """Whether a target is of one of this endpoint's services."""
        return target.rpartition(".")[0] in self._services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        target = headers.get("x-amz-target", "")
        try:
            body = await read_body(receive, MAX_BODY_BYTES)
            if scope["method"] != "POST" or not target:
                message = f"{scope['method']} {scope['path']} carries no X-Amz-Target."
                raise AwsError("UnknownOperationException", message)
            answer = await self._answer(target, _decoded(headers, body))
        except BodyTooLargeError:
            message = f"The request is longer than {MAX_BODY_BYTES} bytes."
            await send_error(send, headers, None, AwsError("RequestEntityTooLarge", message, 413))
        except AwsError as error:
            await send_error(send, headers, None, error)
        except Exception:
            _log.exception("%s failed", target)
            message = f"{target} failed inside the local run; its log has the details."
            await send_error(send, headers, None, AwsError("InternalFailure", message, 500))
        else:
            fields = [
                (b"content-type", json_content_type(headers)),
                (b"x-amzn-requestid", str(uuid4()).encode()),
            ]
            await respond(send, 200, fields, answer)

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
            return _json(await asyncio.to_thread(service, action, request))
        return _json(service(action, request))


def _decoded(headers: Mapping[str, str], body: bytes) -> bytes:
    """The body as it was before the client compressed it, as botocore does with long PutMetricData."""
    encoding = headers.get("content-encoding", "identity")
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise AwsError("SerializationException", f"Content-Encoding must be gzip (got {encoding!r})", 415)
    try:
        decoder = zlib.decompressobj(wbits=31)
        plain = decoder.decompress(body, MAX_BODY_BYTES)
    except zlib.error as error:
        raise AwsError("SerializationException", f"The request is not gzip: {error}") from None
    if decoder.unconsumed_tail:
        raise BodyTooLargeError
    return plain


def _json(answer: dict[str, Any]) -> bytes:
    return orjson.dumps(answer, default=_epoch_seconds, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _epoch_seconds(value: object) -> float:
    """The protocol's form of a time; nothing else reaches this."""
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} is no value of the AWS JSON protocol")


def _parse(body: bytes) -> dict[str, Any]:
    try:
        request = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise AwsError("SerializationException", f"The request is not JSON: {error}") from None
    if not isinstance(request, dict):
        raise AwsError("SerializationException", "The request must be a JSON object.")
    return request
