"""The way of a request through a REST API, in API Gateway's order: this list is the documentation.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-method-settings.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from local_runtime.gateway.context import Invocation
from local_runtime.gateway.integration_request import map_integration_request
from local_runtime.gateway.integration_response import map_integration_response
from local_runtime.gateway.method_request import validate_body, validate_parameters

StageFunction = Callable[[Invocation], None]


def build_pipeline(
    admission: Sequence[StageFunction], integrations: Mapping[str, StageFunction]
) -> tuple[StageFunction, ...]:
    """The stages; `admission` says who may call and how often, `integrations` by type what is called."""

    def call_integration(invocation: Invocation) -> None:
        started = time.perf_counter()
        integrations[invocation.method.integration.type](invocation)
        latency = round((time.perf_counter() - started) * 1000)
        status = invocation.endpoint_response.status
        invocation.context["integration"] = {"status": status, "latency": latency}
        invocation.context["integrationStatus"] = status
        invocation.context["integrationLatency"] = latency

    return (
        *admission,
        validate_parameters,
        validate_body,
        map_integration_request,
        call_integration,
        map_integration_response,
    )
