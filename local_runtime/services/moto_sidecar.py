"""Every service that the run does not play itself: moto's, in this process, from the first request on.

https://docs.getmoto.org/en/latest/docs/services/index.html
Their state is in memory and ends with the run.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from local_runtime.errors import AwsError
from local_runtime.services.long_poll import is_receive, receive_messages, short_poll
from local_runtime.wire.errors import send_error
from local_runtime.wire.http import (
    BodyTooLargeError,
    Receive,
    Scope,
    Send,
    headers_of,
    query_of,
    raw_path,
    read_body,
    respond,
)
from local_runtime.wire.signing import signed_for
from local_runtime.wire.workers import Workers

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 32 * 1024 * 1024
PARALLEL_CALLS = 32

_GLOBAL = frozenset({"budgets", "cloudfront"})
_SIGNING_ALIASES: Mapping[str, str] = {"eventbridge": "events", "iotdata": "data.iot"}
_UNSIGNED_TARGETS: Mapping[str, str] = {
    "AWSCognitoIdentityService": "cognito-identity",
    "AWSCognitoIdentityProviderService": "cognito-idp",
}
"""Calls that applications make before they have credentials."""


Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
"""Status, headers and body."""


@dataclass(frozen=True)
class Call:
    """A request on its way to moto."""

    service: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class MotoSidecar:
    """An ASGI app for the AWS services that are played by nobody else."""

    def __init__(self, region: str, account: str, endpoint_url: str) -> None:
        self._region = region
        self._account = account
        self._endpoint_url = endpoint_url
        self._start_lock = threading.Lock()
        self._started = False
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._workers = Workers("moto", PARALLEL_CALLS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        service: str | None = None
        try:
            body = await read_body(receive, MAX_BODY_BYTES)
            service = _service(scope, headers)
            query = scope["query_string"].decode("latin-1")
            call = Call(service, str(scope["method"]), raw_path(scope), query, headers, body)
            status, fields, answer = await self._ask(call)
        except BodyTooLargeError:
            message = f"The request is longer than {MAX_BODY_BYTES} bytes."
            await send_error(send, headers, service, AwsError("RequestEntityTooLarge", message, 413))
        except AwsError as error:
            await send_error(send, headers, service, error)
        except Exception as error:
            log.exception("%s, played by moto, failed", service)
            message = f"{service} is played by moto, which failed: {type(error).__name__}: {error}"
            await send_error(send, headers, service, AwsError("InternalFailure", message, 500))
        else:
            await respond(send, status, fields, answer)

    async def _ask(self, call: Call) -> Answer:
        if call.service != "sqs":
            return await self._workers.run(self._answer, call)
        if is_receive(call.headers):
            return await receive_messages(lambda target, body: self._ask_sqs(call, target, body), call.body)
        return await self._ask_sqs(call, None, short_poll(call.headers, call.body))

    async def _ask_sqs(self, call: Call, target: str | None, body: bytes) -> Answer:
        headers = {**call.headers, "content-length": str(len(body))}
        if target is not None:
            headers["x-amz-target"] = target
        return await self._workers.run(self._answer, replace(call, headers=headers, body=body))

    def close(self) -> None:
        self._workers.close()

    def _answer(self, call: Call) -> Answer:
        with self._start_lock:
            self._start()
            lock = self._locks[call.service]
        with lock:  # a service of moto is plain objects, made for one thread
            status, headers, body = self._dispatch(call)
        content = body.encode() if isinstance(body, str) else body
        skipped = ("content-length", "transfer-encoding", "date", "server", "connection")
        fields = [
            (str(name).lower().encode("latin-1"), str(value).encode("latin-1", "replace"))
            for name, value in dict(headers).items()
            if str(name).lower() not in skipped
        ]
        return status, fields, content

    def _start(self) -> None:
        if self._started:
            return
        log.info("moto starts: a service is used that the local run does not play itself")
        # Whatever a backend calls with an AWS client of its own stays in this run.
        os.environ["AWS_ENDPOINT_URL"] = self._endpoint_url
        self._started = True

    def _dispatch(self, call: Call) -> tuple[int, Mapping[str, Any], str | bytes]:
        from moto.core.request import Request
        from werkzeug.exceptions import HTTPException

        path = call.path if call.path.startswith("/") else f"/{call.path}"
        answer = _handler(_host(call, self._region), path)
        if answer is None:
            raise AwsError(
                "UnknownOperationException",
                f"{call.service}: neither the local run nor moto has {call.method} {call.path}",
                404,
            )
        query = f"?{call.query}" if call.query else ""
        url = f"{self._endpoint_url}{path}{query}"
        fields = {**call.headers, "x-moto-account-id": self._account}
        request = Request.from_primitives(call.method, url, fields, call.body)
        try:
            status, headers, body = answer(request, url, request.headers)
        except HTTPException as error:
            return int(error.code or 400), dict(error.get_headers()), error.get_body()
        except NotImplementedError as error:
            action = call.headers.get("x-amz-target", call.path)
            message = f"{call.service} {action} is not run here, nor does moto have it: {error}"
            raise AwsError("UnknownOperationException", message) from error
        return status, headers, body


def _service(scope: Scope, headers: Mapping[str, str]) -> str:
    signed = signed_for(headers, query_of(scope))
    if signed is not None:
        return _SIGNING_ALIASES.get(signed, signed)
    target = headers.get("x-amz-target", "").partition(".")[0]
    if target in _UNSIGNED_TARGETS:
        return _UNSIGNED_TARGETS[target]
    if str(scope["path"]).endswith("/.well-known/jwks.json"):
        return "cognito-idp"
    raise AwsError(
        "MissingAuthenticationToken",
        "The request is not signed, so it does not say which service it is for; any credentials do.",
        403,
    )


def _host(call: Call, region: str) -> str:
    """The host name that the request would have on AWS: moto finds its backends by it."""
    if call.service in _GLOBAL:
        return f"{call.service}.amazonaws.com"
    if call.headers.get("x-amz-target", "").startswith("DynamoDBStreams"):
        return f"streams.dynamodb.{region}.amazonaws.com"
    return f"{call.service}.{region}.amazonaws.com"


def _handler(host: str, path: str) -> Any:
    """What answers a URL in moto; None when it has no such service or no such path."""
    from moto import backends
    from moto.backend_index import backend_url_patterns
    from moto.core.base_backend import BackendDict
    from moto.core.models import DEFAULT_ACCOUNT_ID

    url = f"https://{host}{path}"
    for name, pattern in backend_url_patterns:
        if not pattern.match(url):
            continue
        # The backends' names are a generated Literal; these come from the same generator.
        by_account: Any = backends.get_backend(name)  # type: ignore[call-overload]
        if isinstance(by_account, BackendDict):
            by_region = by_account[DEFAULT_ACCOUNT_ID]
            backend = by_region["us-east-1" if "us-east-1" in by_region else "aws"]
        else:
            backend = by_account["global"]
        for expression, answer in backend.urls.items():
            if re.match(expression, url):
                return answer
    return None
