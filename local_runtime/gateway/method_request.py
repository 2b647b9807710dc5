"""The method request: which parameters must be there, what the body must look like.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

from __future__ import annotations

from local_runtime.gateway.context import Invocation
from local_runtime.gateway.gateway_response import GatewayError
from local_runtime.gateway.validation import problems
from local_runtime.vtl import PayloadError


def validate_parameters(invocation: Invocation) -> None:
    """Presence only, as API Gateway has it."""
    missing = [
        name
        for location, name in invocation.method.required_parameters
        if not invocation.parameters[location].get(name.lower() if location == "header" else name)
    ]
    if missing:
        raise GatewayError(
            "BAD_REQUEST_PARAMETERS", f"Missing required request parameters: [{', '.join(missing)}]"
        )


def validate_body(invocation: Invocation) -> None:
    """By the model of the request's content type; without such a model the body is not validated."""
    models = invocation.method.models
    if not models:
        return
    validator = models.get(invocation.request.media_type, models.get("$default"))
    if validator is None:
        return
    try:
        document = invocation.payload.document
    except PayloadError as error:
        raise GatewayError("BAD_REQUEST_BODY", detail=f"[{error}]") from error
    if not validator.is_valid(document):
        raise GatewayError("BAD_REQUEST_BODY", detail=problems(validator, document))
