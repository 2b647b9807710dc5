"""Errors that API Gateway answers by itself, and how an API's GatewayResponse resources reshape them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from local_runtime.gateway.api import GatewayResponse
from local_runtime.gateway.context import Invocation, Response
from local_runtime.vtl.values import to_text

_TYPES: Mapping[str, tuple[int, str, str | None]] = {
    "ACCESS_DENIED": (403, "AccessDeniedException", "User is not authorized to access this resource"),
    "API_CONFIGURATION_ERROR": (500, "InternalServerErrorException", "Internal server error"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "AuthorizerConfigurationException", None),
    "AUTHORIZER_FAILURE": (500, "AuthorizerFailureException", None),
    "BAD_REQUEST_BODY": (400, "BadRequestException", "Invalid request body"),
    "BAD_REQUEST_PARAMETERS": (400, "BadRequestException", "Missing required request parameters"),
    "DEFAULT_5XX": (500, "InternalServerErrorException", "Internal server error"),
    "INTEGRATION_TIMEOUT": (504, "InternalServerErrorException", "Endpoint request timed out"),
    "INVALID_API_KEY": (403, "ForbiddenException", "Forbidden"),
    "MISSING_AUTHENTICATION_TOKEN": (
        403,
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    ),
    "QUOTA_EXCEEDED": (429, "LimitExceededException", "Limit Exceeded"),
    "REQUEST_TOO_LARGE": (413, "RequestTooLargeException", "Request Entity Too Large"),
    "THROTTLED": (429, "TooManyRequestsException", "Too Many Requests"),
    "UNAUTHORIZED": (401, "UnauthorizedException", "Unauthorized"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "BadRequestException", "Unsupported Media Type"),
}
"""Response type -> status, x-amzn-ErrorType, message."""

DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
DENIED_TEMPLATE = '{"Message":$context.error.messageString}'
"""Policies' refusals alone spell it with a capital letter."""
_VARIABLE = re.compile(r"\$context\.([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)")


class GatewayError(Exception):
    """A request that ends in one of API Gateway's own responses."""

    def __init__(
        self,
        response_type: str,
        message: str | None = None,
        detail: str | None = None,
        status: int | None = None,
    ) -> None:
        usual, self.error_type, default = _TYPES[response_type]
        self.status = usual if status is None else status
        self.response_type = response_type
        self.message = default if message is None else message
        self.detail = detail
        """`$context.error.validationErrorString`."""
        super().__init__(self.message)


def answer_error(invocation: Invocation, error: GatewayError) -> Response:
    """The API's GatewayResponse of this type, else its DEFAULT_4XX or DEFAULT_5XX, else AWS's own."""
    invocation.context["error"] = {
        "message": error.message,
        "messageString": orjson.dumps(error.message).decode(),
        "responseType": error.response_type,
        # AWS escapes it: templates put it between quotation marks of their own.
        "validationErrorString": None if error.detail is None else orjson.dumps(error.detail).decode()[1:-1],
    }
    chosen = _chosen(invocation.api.gateway_responses, error)
    status = error.status if chosen is None or chosen.status is None else chosen.status
    headers = {"content-type": "application/json", "x-amzn-errortype": error.error_type}
    template = DENIED_TEMPLATE if error.response_type == "ACCESS_DENIED" else DEFAULT_TEMPLATE
    if chosen is not None:
        for name, source in chosen.headers.items():
            value = source(invocation)
            if value is not None:
                headers[name.lower()] = value
        if chosen.templates and error.response_type != "REQUEST_TOO_LARGE":
            headers["content-type"], template = _template(chosen, invocation)
    return Response(status, headers, substitute(template, invocation.context).encode())


def _chosen(responses: Mapping[str, GatewayResponse], error: GatewayError) -> GatewayResponse | None:
    default = "DEFAULT_4XX" if error.status < 500 else "DEFAULT_5XX"
    return responses.get(error.response_type, responses.get(default))


def _template(response: GatewayResponse, invocation: Invocation) -> tuple[str, str]:
    """By the Accept header, else for application/json, else the first."""
    accepted = invocation.request.headers.get("accept", "")
    for content_type in (accepted, "application/json"):
        if content_type in response.templates:
            return content_type, response.templates[content_type]
    return next(iter(response.templates.items()))


def substitute(template: str, context: Mapping[str, Any]) -> str:
    """Plain `$context.x.y` variables; these templates are no Velocity."""

    def value(match: re.Match[str]) -> str:
        found: Any = context
        for part in match[1].split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return to_text(found)

    return _VARIABLE.sub(value, template)
