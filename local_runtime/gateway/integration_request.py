"""The integration request: the mapping template of the request's content type, and passthrough.

https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html
"""

from __future__ import annotations

from local_runtime.gateway.api import Integration
from local_runtime.gateway.context import Invocation
from local_runtime.gateway.gateway_response import GatewayError
from local_runtime.vtl import PayloadError, Template


def map_integration_request(invocation: Invocation) -> None:
    integration = invocation.method.integration
    if integration.type == "AWS_PROXY":
        return
    template = _template(integration, invocation.request.media_type)
    if template is None:
        invocation.integration_body = invocation.request.body
    else:
        try:
            text = invocation.render(template, invocation.payload)
        except PayloadError as error:
            raise GatewayError("BAD_REQUEST_BODY", str(error)) from error
        invocation.integration_body = text.encode("utf-8", "replace") if text else b"{}"
    invocation.integration_headers = _headers(invocation, integration)


def _template(integration: Integration, media_type: str) -> Template | None:
    """None: the body passes through as it came."""
    template = integration.templates.get(media_type)
    if template is not None:
        return template
    passes = integration.passthrough == "WHEN_NO_MATCH" or (
        integration.passthrough == "WHEN_NO_TEMPLATES" and not integration.templates
    )
    if not passes:
        raise GatewayError("UNSUPPORTED_MEDIA_TYPE")
    return None


def _headers(invocation: Invocation, integration: Integration) -> dict[str, str]:
    """The client's content type unless it is mapped, the mapped headers, the template's overrides."""
    headers = {"content-type": invocation.request.headers.get("content-type", "application/json")}
    for name, source in integration.headers.items():
        value = source(invocation)
        if value is not None:
            headers[name.lower()] = value
    overrides = invocation.context["requestOverride"].get("header", {})
    headers.update({str(name).lower(): str(value) for name, value in overrides.items()})
    return headers
