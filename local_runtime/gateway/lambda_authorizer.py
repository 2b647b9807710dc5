"""TOKEN and REQUEST authorizers: a function answers a policy, which is kept for a while.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from local_runtime.errors import AwsError
from local_runtime.gateway.api import Authorizer
from local_runtime.gateway.authorization import INVOKE
from local_runtime.gateway.context import Invocation
from local_runtime.gateway.functions import Answer, FunctionCaller, PermissionMissingError
from local_runtime.gateway.gateway_response import GatewayError
from local_runtime.gateway.lambda_event import authorizer_arn, method_arn, request_event, token_event
from local_runtime.gateway.policy import Decision, Statement, decide, read_policy
from local_runtime.vtl.values import to_text

_LOG = logging.getLogger(__name__)
TIMEOUT_SECONDS = 29.0
MAX_KEPT = 10_000


@dataclass(frozen=True)
class Result:
    principal_id: str
    statements: tuple[Statement, ...]
    context: Mapping[str, str]
    usage_key: str


Key = tuple[str, str, str, tuple[str, ...]]


class LambdaAuthorizers:
    def __init__(self, caller: FunctionCaller, clock: Callable[[], float]) -> None:
        self._caller = caller
        self._clock = clock
        self._kept: dict[Key, tuple[float, Result]] = {}
        self._lock = threading.Lock()

    def __call__(self, invocation: Invocation) -> Decision:
        """The decision on this request; `$context.authorizer` is set."""
        authorizer = invocation.method.authorizer
        assert authorizer is not None
        started = time.perf_counter()
        identity = _identity(invocation, authorizer)
        key = (invocation.api.id, invocation.stage.name, authorizer.id, identity)
        result = self._find(key)
        if result is None:
            result = _read(self._ask(invocation, authorizer, identity), authorizer)
            self._keep(key, result, authorizer.ttl_seconds)
        latency = round((time.perf_counter() - started) * 1000)
        invocation.context["authorizer"] = {
            **result.context,
            "principalId": result.principal_id,
            "integrationLatency": latency,
        }
        invocation.usage_key = result.usage_key
        return decide(result.statements, INVOKE, method_arn(invocation), invocation.request.source_ip)

    def _find(self, key: Key) -> Result | None:
        with self._lock:
            expires, result = self._kept.get(key, (0.0, None))
        return result if self._clock() < expires else None

    def _keep(self, key: Key, result: Result, ttl_seconds: int) -> None:
        if ttl_seconds == 0:
            return
        with self._lock:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[key] = (self._clock() + ttl_seconds, result)

    def _ask(self, invocation: Invocation, authorizer: Authorizer, identity: tuple[str, ...]) -> Answer:
        is_token = authorizer.type == "TOKEN"
        event = token_event(invocation, identity[0]) if is_token else request_event(invocation)
        source = authorizer_arn(invocation, authorizer.id)
        try:
            return self._caller.call(authorizer.target, source, orjson.dumps(event), TIMEOUT_SECONDS)
        except PermissionMissingError as error:
            _LOG.warning("authorizer %s: Invalid permissions on Lambda function: %s", authorizer.id, error)
            raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR") from error
        except (AwsError, TimeoutError) as error:
            raise GatewayError("AUTHORIZER_FAILURE") from error


def _identity(invocation: Invocation, authorizer: Authorizer) -> tuple[str, ...]:
    """The values of the identity sources; without all of them the function is not asked."""
    values = tuple(source(invocation) for source in authorizer.identity_sources)
    needed = authorizer.type == "TOKEN" or authorizer.ttl_seconds > 0
    if needed and not all(values):
        raise GatewayError("UNAUTHORIZED")
    texts = tuple("" if value is None else value for value in values)
    pattern = authorizer.identity_pattern
    if pattern is not None and pattern.fullmatch(texts[0]) is None:
        raise GatewayError("UNAUTHORIZED")
    return texts


def _read(answer: Answer, authorizer: Authorizer) -> Result:
    document = _document(answer.payload)
    if answer.function_error is not None:
        if isinstance(document, dict) and document.get("errorMessage") == "Unauthorized":
            raise GatewayError("UNAUTHORIZED")
        _LOG.warning("authorizer %s failed: %s", authorizer.id, answer.payload.decode("utf-8", "replace"))
        raise GatewayError("AUTHORIZER_FAILURE")
    try:
        return read_result(document)
    except (TypeError, ValueError) as error:
        _LOG.warning("authorizer %s: its answer cannot be used: %s", authorizer.id, error)
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR") from error


def _document(payload: bytes) -> Any:
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None


def read_result(document: Any) -> Result:
    """An authorizer's answer.

    Raises:
        ValueError: it has no principalId or no policy, or its context has more than plain values.
    """
    if not isinstance(document, dict):
        raise ValueError("it must be an object")
    principal, policy, context = (document.get(key) for key in ("principalId", "policyDocument", "context"))
    if not isinstance(principal, str) or not isinstance(policy, dict):
        raise ValueError("principalId (a text) and policyDocument (an object) are needed")
    values = {} if context is None else context
    if not isinstance(values, dict) or any(isinstance(value, dict | list) for value in values.values()):
        raise ValueError("context must be an object of texts, numbers and truth values")
    return Result(
        principal_id=principal,
        statements=tuple(read_policy(policy)),
        context={name: to_text(value) for name, value in values.items() if value is not None},
        usage_key=to_text(document.get("usageIdentifierKey")),
    )
