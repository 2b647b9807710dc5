"""Lambda's REST API: Invoke the functions of the templates, and describe them.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import orjson

from local_runtime.errors import AwsError
from local_runtime.lambdas.execution import Invocation
from local_runtime.lambdas.function import FunctionClosedError, LambdaFunction
from local_runtime.services.events import Events
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
from local_runtime.wire.workers import Workers

log = logging.getLogger(__name__)

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
MAX_EVENT_BYTES = 1024 * 1024
PARALLEL_CALLS = 64
"""Threads that may wait for functions, which may themselves call back into this port."""

_ROOT = "/2015-03-31/functions"
_FUNCTION = re.compile(rf"{_ROOT}/(?P<name>[^/]+)(?P<rest>/invocations|/configuration|)/?")
_NAME = re.compile(
    r"(?:arn:[\w-]+:lambda:[\w-]+:(?P<account>\d{12}):function:|(?:\d{12}:)?(?:function:)?)?"
    r"(?P<name>[A-Za-z0-9-_]+)(?::(?P<qualifier>\$LATEST|[A-Za-z0-9-_]+))?"
)


class LambdaEndpoint:
    """An ASGI app."""

    def __init__(self, functions: Sequence[LambdaFunction], events: Events) -> None:
        self._functions = {function.name: function for function in functions}
        self._events = events
        self._workers = Workers("lambda-call", PARALLEL_CALLS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        try:
            body = await read_body(receive, MAX_PAYLOAD_BYTES)
            status, fields, answer = await self._workers.run(self._answer, scope, headers, body)
        except BodyTooLargeError:
            message = (
                f"Request must be smaller than {MAX_PAYLOAD_BYTES} bytes for the InvokeFunction operation"
            )
            await send_error(send, headers, "lambda", AwsError("RequestTooLargeException", message, 413))
        except AwsError as error:
            await send_error(send, headers, "lambda", error)
        except FunctionClosedError as error:
            await send_error(send, headers, "lambda", AwsError("ServiceException", str(error), 500))
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            message = "The request failed inside the local run; its log has the details."
            await send_error(send, headers, "lambda", AwsError("ServiceException", message, 500))
        else:
            encoded = [(name.encode(), value.encode()) for name, value in fields.items()]
            await respond(send, status, encoded, answer)

    def _answer(
        self, scope: Scope, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        path, method = raw_path(scope), scope["method"]
        if method == "GET" and path.rstrip("/") == _ROOT:
            listed = [_configuration(function) for function in self._functions.values()]
            return 200, _json_headers(), orjson.dumps({"Functions": listed})
        match = _FUNCTION.fullmatch(path)
        if match is None:
            raise _unknown(method, path)
        function = self._find(unquote(match["name"]), query_of(scope).get("Qualifier"))
        match method, match["rest"]:
            case "POST", "/invocations":
                return self._invoke(function, headers, body)
            case "GET", "/configuration":
                return 200, _json_headers(), orjson.dumps(_configuration(function))
            case "GET", "":
                answer = {"Configuration": _configuration(function), "Code": {}, "Tags": {}}
                return 200, _json_headers(), orjson.dumps(answer)
        raise _unknown(method, path)

    def _find(self, given: str, qualifier: str | None) -> LambdaFunction:
        match = _NAME.fullmatch(given)
        function = self._functions.get(match["name"]) if match is not None else None
        if match is None or function is None:
            known = ", ".join(self._functions) or "none"
            message = f"Function not found: {given} (the local run has {known})"
            raise AwsError("ResourceNotFoundException", message, 404)
        wanted = match["qualifier"] if qualifier is None else qualifier
        if wanted not in (None, "$LATEST"):
            message = f"Function not found: {function.arn}:{wanted} (the local run has $LATEST alone)"
            raise AwsError("ResourceNotFoundException", message, 404)
        return function

    def _invoke(
        self, function: LambdaFunction, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        payload = _payload(body)
        match headers.get("x-amz-invocation-type", "RequestResponse"):
            case "DryRun":
                return 204, _json_headers(), b""
            case "Event":
                if len(payload) > MAX_EVENT_BYTES:
                    message = f"{len(payload)} byte payload is too large for the Event invocation type"
                    raise AwsError("RequestTooLargeException", message, 413)
                self._events.submit(function.arn, function.invoke, payload)
                return 202, _json_headers(), b""
            case "RequestResponse":
                return _answered(function.invoke(payload), headers)
            case other:
                message = f"InvocationType must be RequestResponse, Event or DryRun (got {other!r})"
                raise AwsError("InvalidParameterValueException", message)

    def close(self) -> None:
        """Take no more calls."""
        self._workers.close()


def _payload(body: bytes) -> bytes:
    if not body:
        return b"{}"
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        message = f"Could not parse request body into json: {error}"
        raise AwsError("InvalidRequestContentException", message) from None
    return body


def _answered(invocation: Invocation, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    fields = {
        "content-type": "application/json",
        "x-amzn-requestid": invocation.request_id,
        "x-amz-executed-version": "$LATEST",
    }
    if invocation.function_error is not None:
        fields["x-amz-function-error"] = invocation.function_error
    if headers.get("x-amz-log-type") == "Tail":
        fields["x-amz-log-result"] = b64encode(invocation.log_tail.encode()[-4096:]).decode()
    return 200, fields, invocation.payload


def _json_headers() -> dict[str, str]:
    return {"content-type": "application/json", "x-amzn-requestid": str(uuid4())}


def _configuration(function: LambdaFunction) -> dict[str, Any]:
    configuration = function.configuration
    return {
        "FunctionName": configuration.name,
        "FunctionArn": configuration.arn,
        "Runtime": configuration.runtime,
        "Handler": configuration.handler,
        "Timeout": configuration.timeout_seconds,
        "MemorySize": configuration.memory_mb,
        "Version": "$LATEST",
        "PackageType": "Zip",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Environment": {"Variables": dict(configuration.environment)},
        "Layers": [{"Arn": arn} for arn in configuration.layers],
        "LoggingConfig": {"LogFormat": configuration.log_format, "LogGroup": configuration.log_group},
    }


def _unknown(method: str, path: str) -> AwsError:
    known = "Invoke, GetFunction, GetFunctionConfiguration and ListFunctions"
    return AwsError("UnknownOperationException", f"Lambda {method} {path} is not run here; {known} are.", 404)


Observe = Callable[[str, Invocation], None]
"""Gets the function's name and what an invocation came to."""


class MeteredFunction(LambdaFunction):
    """A function whose invocations are counted, whoever calls it."""

    observe: Observe = staticmethod(lambda name, invocation: None)

    def invoke(self, payload: bytes) -> Invocation:
        invocation = super().invoke(payload)
        self.observe(self.name, invocation)
        return invocation
