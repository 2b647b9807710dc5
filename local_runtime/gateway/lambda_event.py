"""Events of Lambda proxy integrations and authorizers, payload format 1.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from typing import Any

from local_runtime.gateway.context import Invocation, media_type

_IDENTITY = (
    "accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType",
    "cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn",
)  # fmt: skip
_CONTEXT = (
    "accountId", "apiId", "deploymentId", "domainName", "domainPrefix", "extendedRequestId", "httpMethod",
    "path", "protocol", "requestId", "requestTime", "requestTimeEpoch", "resourceId", "resourcePath", "stage",
)  # fmt: skip


def caller_arn(invocation: Invocation) -> str:
    """The method as a function's permission names it: path parameters are not filled in."""
    return _execute_api(invocation, invocation.method.resource_path)


def method_arn(invocation: Invocation) -> str:
    """The request as policies name it."""
    return _execute_api(invocation, invocation.request.path)


def authorizer_arn(invocation: Invocation, authorizer_id: str) -> str:
    return f"{_api_arn(invocation)}/authorizers/{authorizer_id}"


def _api_arn(invocation: Invocation) -> str:
    api = invocation.api
    return f"arn:{api.partition}:execute-api:{api.region}:{api.account}:{api.id}"


def _execute_api(invocation: Invocation, path: str) -> str:
    return f"{_api_arn(invocation)}/{invocation.stage.name}/{invocation.request.method}{path}"


def proxy_event(invocation: Invocation) -> dict[str, Any]:
    """What an AWS_PROXY integration sends; what is empty is null."""
    body, is_base64 = _body(invocation)
    event = _request(invocation)
    for name in _NULL_WHEN_EMPTY:
        if not event[name]:
            event[name] = None
    return {**event, "body": body, "isBase64Encoded": is_base64}


_NULL_WHEN_EMPTY = (
    "queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables",
)  # fmt: skip


def token_event(invocation: Invocation, token: str) -> dict[str, Any]:
    return {"type": "TOKEN", "methodArn": method_arn(invocation), "authorizationToken": token}


def request_event(invocation: Invocation) -> dict[str, Any]:
    return {"type": "REQUEST", "methodArn": method_arn(invocation), **_request(invocation)}


def _request(invocation: Invocation) -> dict[str, Any]:
    request = invocation.request
    headers, all_headers = _headers(invocation)
    return {
        "resource": invocation.method.resource_path,
        "path": request.path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": all_headers,
        "queryStringParameters": dict(request.query),
        "multiValueQueryStringParameters": {
            name: request.repeated_query.get(name, [value]) for name, value in request.query.items()
        },
        "pathParameters": dict(invocation.path_parameters),
        "stageVariables": dict(invocation.stage.variables),
        "requestContext": _request_context(invocation.context),
    }


def _headers(invocation: Invocation) -> tuple[dict[str, str], dict[str, list[str]]]:
    """ASGI has names in lower case; they are spelt as most clients spell them."""
    request = invocation.request
    address, host = request.source_ip, request.headers.get("host", "")
    forwarded = request.headers.get("x-forwarded-for")
    added = {
        "x-forwarded-for": address if forwarded is None else f"{forwarded}, {address}",
        "x-forwarded-port": host.partition(":")[2] or "80",
        "x-forwarded-proto": "http",
        "x-amzn-trace-id": f"Root=1-{int(invocation.started):08x}-{uuid.uuid4().hex[:24]}",
    }
    headers = {**request.headers, **added}
    every = {name: [value] for name, value in headers.items()}
    every |= {name: values for name, values in request.repeated_headers.items() if name not in added}
    return (
        {name.title(): value for name, value in headers.items()},
        {name.title(): values for name, values in every.items()},
    )


def _request_context(context: Mapping[str, Any]) -> dict[str, Any]:
    chosen = {name: context[name] for name in _CONTEXT}
    chosen["identity"] = {**dict.fromkeys(_IDENTITY), **context["identity"]}
    if "authorizer" in context:
        chosen["authorizer"] = context["authorizer"]
    return chosen


def _body(invocation: Invocation) -> tuple[str | None, bool]:
    request = invocation.request
    if not request.body:
        return None, False
    if is_binary(invocation, request.headers.get("content-type", "")):
        return base64.b64encode(request.body).decode("ascii"), True
    return request.body.decode("utf-8", "replace"), False


def is_binary(invocation: Invocation, content_type: str) -> bool:
    types = invocation.api.binary_media_types
    return bool(types) and ("*/*" in types or media_type(content_type) in types)
