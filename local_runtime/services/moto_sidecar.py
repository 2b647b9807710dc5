"""Every service that the run does not play itself: moto's, in this process, from the first request on.

What the templates define of them is there with a service's first call, made and kept by its `Stateful`;
the rest is in memory and ends with the run.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from local_runtime.errors import AwsError
from local_runtime.services.long_poll import is_receive, receive_messages, short_poll
from local_runtime.services.moto_calls import Call, Moto
from local_runtime.services.stateful import Stateful
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

_NEEDED: Mapping[str, str] = {"sns": "sqs"}
"""Topics put into queues: the two take turns, and the queues are there before the topics."""
_SIGNING_ALIASES: Mapping[str, str] = {"eventbridge": "events", "iotdata": "data.iot"}
_UNSIGNED_TARGETS: Mapping[str, str] = {
    "AWSCognitoIdentityService": "cognito-identity",
    "AWSCognitoIdentityProviderService": "cognito-idp",
}
"""Calls that applications make before they have credentials."""

_READS = ("AdminGet", "AdminList", "Describe", "Get", "List", "Query", "Scan")

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
"""Status, headers and body."""
Result = TypeVar("Result")


class MotoSidecar:
    """An ASGI app for the AWS services that are played by nobody else."""

    def __init__(
        self, region: str, account: str, endpoint_url: str, stateful: Mapping[str, Stateful] | None = None
    ) -> None:
        self._moto = Moto(region, account, endpoint_url)
        self._stateful = dict(stateful or {})
        self._created: dict[str, Exception | None] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._locks_lock = threading.Lock()
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

    async def use(self, service: str, work: Callable[[Moto], Result]) -> Result:
        """What `work` makes of a service's objects, between two calls of the service, and then kept."""
        return await self._workers.run(self._use, service, work)

    def _use(self, service: str, work: Callable[[Moto], Result], *, reads: bool = False) -> Result:
        with self._locks_lock:
            lock = self._locks[_NEEDED.get(service, service)]
        with lock:  # a service of moto is plain objects, made for one thread
            stateful = self._create(service)
            try:
                return work(self._moto)
            finally:
                if stateful is not None and not reads:
                    stateful.keep(self._moto)

    def _create(self, service: str) -> Stateful | None:
        """Bring what the templates define to life, once: a second try would find half of it."""
        stateful = self._stateful.get(service)
        if service in _NEEDED:
            self._create(_NEEDED[service])
        if service not in self._created:
            self._created[service] = None
            self._moto.start()
            try:
                if stateful is not None:
                    stateful.create(self._moto)
                    stateful.keep(self._moto)
            except Exception as error:
                self._created[service] = error
        failed = self._created[service]
        if failed is not None:
            raise failed
        return stateful

    def _answer(self, call: Call) -> Answer:
        stateful = self._stateful.get(call.service)

        def work(moto: Moto) -> tuple[int, Mapping[str, object], bytes]:
            if stateful is not None:
                stateful.refuse(moto, call)
            return moto.answer(call)

        reads = call.method == "GET" or call.action.startswith(_READS)
        status, headers, content = self._use(call.service, work, reads=reads)
        skipped = ("content-length", "transfer-encoding", "date", "server", "connection")
        fields = [
            (str(name).lower().encode("latin-1"), str(value).encode("latin-1", "replace"))
            for name, value in dict(headers).items()
            if str(name).lower() not in skipped
        ]
        return status, fields, content


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
