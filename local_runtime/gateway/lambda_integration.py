"""Lambda integrations: the mapped event in and out (AWS), or the request as it is (AWS_PROXY).

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integration-settings-integration-response.html
"""

from __future__ import annotations

import logging

import orjson

from local_runtime.errors import AwsError
from local_runtime.gateway.context import Invocation, Response
from local_runtime.gateway.functions import Answer, FunctionCaller, PermissionMissingError
from local_runtime.gateway.gateway_response import GatewayError
from local_runtime.gateway.lambda_event import caller_arn, is_binary, proxy_event
from local_runtime.gateway.proxy_response import read_proxy_response

_LOG = logging.getLogger(__name__)
_TOO_LARGE = 413
BAD_GATEWAY = 502


class LambdaIntegration:
    """Non-proxy: the request template makes the event, selection patterns read `errorMessage`."""

    def __init__(self, caller: FunctionCaller) -> None:
        self._caller = caller

    def __call__(self, invocation: Invocation) -> None:
        if invocation.integration_headers.get("x-amz-invocation-type") == "Event":
            self._start(invocation)
            return
        try:
            answer = call(self._caller, invocation, invocation.integration_body)
        except AwsError as error:
            raise GatewayError("API_CONFIGURATION_ERROR") from error
        invocation.endpoint_response = Response(200, {}, answer.payload)
        if answer.function_error is not None:
            invocation.error_message = _error_message(answer.payload)

    def _start(self, invocation: Invocation) -> None:
        target = invocation.method.integration.target
        try:
            self._caller.start(target, caller_arn(invocation), invocation.integration_body)
        except PermissionMissingError as error:
            raise _not_permitted(invocation, error) from error
        invocation.endpoint_response = Response(202, {}, b"")


class LambdaProxyIntegration:
    def __init__(self, caller: FunctionCaller) -> None:
        self._caller = caller

    def __call__(self, invocation: Invocation) -> None:
        try:
            answer = call(self._caller, invocation, orjson.dumps(proxy_event(invocation)))
        except AwsError as error:
            if error.status == _TOO_LARGE:
                raise GatewayError("REQUEST_TOO_LARGE", "Request Too Long") from error
            raise GatewayError("API_CONFIGURATION_ERROR") from error
        place = f"{invocation.request.method} {invocation.context['path']}"
        if answer.function_error is not None:
            _LOG.warning("%s: the function failed: %s", place, answer.payload.decode("utf-8", "replace"))
            raise GatewayError("DEFAULT_5XX", status=BAD_GATEWAY)
        accepted = invocation.request.headers.get("accept", "").partition(",")[0]
        try:
            response = read_proxy_response(answer.payload, binary=is_binary(invocation, accepted))
        except ValueError as error:
            _LOG.warning("%s: malformed Lambda proxy response: %s", place, error)
            raise GatewayError("DEFAULT_5XX", status=BAD_GATEWAY) from error
        invocation.endpoint_response = invocation.response = response


def call(caller: FunctionCaller, invocation: Invocation, event: bytes) -> Answer:
    """The integration's function, within the integration's timeout."""
    integration = invocation.method.integration
    try:
        return caller.call(integration.target, caller_arn(invocation), event, integration.timeout_seconds)
    except PermissionMissingError as error:
        raise _not_permitted(invocation, error) from error
    except TimeoutError as error:
        raise GatewayError("INTEGRATION_TIMEOUT") from error


def _not_permitted(invocation: Invocation, error: PermissionMissingError) -> GatewayError:
    _LOG.warning("%s: Invalid permissions on Lambda function: %s", invocation.context["path"], error)
    return GatewayError("API_CONFIGURATION_ERROR")


def _error_message(payload: bytes) -> str:
    document = orjson.loads(payload)
    message = document.get("errorMessage") if isinstance(document, dict) else None
    return message if isinstance(message, str) else ""
