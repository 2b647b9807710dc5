"""The integration response: chosen by the endpoint's status or error, mapped and overridden by a template.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integration-settings-integration-response.html
"""

from __future__ import annotations

from collections.abc import Sequence

from local_runtime.gateway.api import IntegrationResponse
from local_runtime.gateway.context import Invocation, Response
from local_runtime.gateway.gateway_response import GatewayError
from local_runtime.vtl import Payload, PayloadError, Template


def map_integration_response(invocation: Invocation) -> None:
    integration, endpoint = invocation.method.integration, invocation.endpoint_response
    if integration.type == "AWS_PROXY":
        return
    value = invocation.error_message if integration.type == "LAMBDA" else str(endpoint.status)
    chosen = select(integration.responses, value)
    if chosen.status not in invocation.method.responses:
        raise GatewayError("API_CONFIGURATION_ERROR")
    headers = {"content-type": "application/json"}
    body = endpoint.body
    template = _template(chosen, invocation)
    if template is not None:
        headers["content-type"], body = template[0], _render(invocation, template[1], endpoint.body)
    for name, source in chosen.headers.items():
        value = source(invocation)
        if value is not None:
            headers[name.lower()] = value
    invocation.response = Response(chosen.status, headers, body)
    _override(invocation)


def select(responses: Sequence[IntegrationResponse], value: str | None) -> IntegrationResponse:
    """The first whose pattern matches all of `value`, else the one without a pattern."""
    if value is not None:
        for response in responses:
            if response.selection_pattern is not None and response.selection_pattern.fullmatch(value):
                return response
    for response in responses:
        if response.selection_pattern is None:
            return response
    raise GatewayError("API_CONFIGURATION_ERROR")


def _template(response: IntegrationResponse, invocation: Invocation) -> tuple[str, Template] | None:
    """By the Accept header, else for application/json, else the first; None passes the body through."""
    accepted = invocation.request.headers.get("accept", "")
    for content_type in (accepted, "application/json"):
        if content_type in response.templates:
            return content_type, response.templates[content_type]
    return next(iter(response.templates.items()), None)


def _render(invocation: Invocation, template: Template, body: bytes) -> bytes:
    try:
        return invocation.render(template, Payload(body)).encode("utf-8", "replace")
    except PayloadError as error:
        raise GatewayError("DEFAULT_5XX") from error


def _override(invocation: Invocation) -> None:
    """`$context.responseOverride`; AWS ignores a status that is no number from 100 to 599."""
    override = invocation.context["responseOverride"]
    status = override.get("status")
    if isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599:
        invocation.response.status = status
    headers = override.get("header")
    if isinstance(headers, dict):
        invocation.response.headers.update({str(name).lower(): str(value) for name, value in headers.items()})
