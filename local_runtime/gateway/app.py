"""The REST APIs of an assembly over HTTP: `/{rest-api-name}/{stage}/...`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from local_runtime.assembly.model import Assembly
from local_runtime.errors import LocalRuntimeError, UnsupportedResourceError
from local_runtime.gateway import asgi
from local_runtime.gateway.api import Integration, RestApi, Stage
from local_runtime.gateway.context import Invocation, Request, Response, request_context
from local_runtime.gateway.counters import ApiCounters
from local_runtime.gateway.gateway_response import GatewayError, answer_error
from local_runtime.gateway.iam import Role, trusts
from local_runtime.gateway.loader import load_apis
from local_runtime.gateway.mock_integration import mock_integration
from local_runtime.gateway.pipeline import build_pipeline
from local_runtime.gateway.routing import find_method
from local_runtime.gateway.service_integration import ServiceIntegration
from local_runtime.service import Service
from local_runtime.vtl import TemplateError

_LOG = logging.getLogger(__name__)


class Gateway:
    """An ASGI application; `handle` is the same without HTTP.

    `services` are keyed by the service in an integration's URI ("kinesis"); `on_access` gets one line a
    request from stages that have an access log.

    Raises:
        LocalRuntimeError: an API that cannot be run as it is; the message names the place in the template.
    """

    def __init__(
        self,
        assembly: Assembly,
        services: Mapping[str, Service],
        clock: Callable[[], float] = time.time,
        on_access: Callable[[str], None] | None = None,
    ) -> None:
        self.apis = load_apis(assembly)
        self.counters = {name: ApiCounters() for name in self.apis}
        self._clock = clock
        self._on_access = on_access
        integrations = [integration for api in self.apis.values() for integration in _integrations(api)]
        _check_services(integrations, services)
        roles = {role: _role(assembly, role) for role in {item.credentials for item in integrations} - {""}}
        self._stages = build_pipeline(
            {"AWS": ServiceIntegration(services, roles, assembly.partition), "MOCK": mock_integration}
        )

    async def __call__(self, scope: Mapping[str, Any], receive: asgi.Receive, send: asgi.Send) -> None:
        name, stage, path = asgi.split_path(scope)
        api = self.apis.get(name)
        if api is None or stage not in api.stages:
            await asgi.send_response(send, _index(self.apis))
            return
        try:
            body = await asgi.read_body(receive)
        except asgi.ClientDisconnected:
            return
        request = asgi.request(scope, path, b"" if body is None else body)
        await asgi.send_response(send, self.handle(api, api.stages[stage], request, too_large=body is None))

    def handle(self, api: RestApi, stage: Stage, request: Request, *, too_large: bool = False) -> Response:
        started = self._clock()
        found = find_method(api.root, request.method, request.path)
        context = request_context(api, stage, request, started)
        invocation = Invocation(api, stage, request, context)
        if found is not None:
            invocation.method, invocation.path_parameters = found
            context["resourceId"] = invocation.method.resource_id
            context["resourcePath"] = invocation.method.resource_path
        try:
            if found is None:
                raise GatewayError("MISSING_AUTHENTICATION_TOKEN")
            if too_large:
                raise GatewayError("REQUEST_TOO_LARGE")
            for run in self._stages:
                run(invocation)
        except GatewayError as error:
            invocation.response = answer_error(invocation, error)
        except TemplateError as error:
            _LOG.warning("%s %s: a template failed: %s", request.method, context["path"], error)
            invocation.response = answer_error(invocation, GatewayError("API_CONFIGURATION_ERROR"))
        except Exception:
            _LOG.exception("%s %s failed", request.method, context["path"])
            invocation.response = answer_error(invocation, GatewayError("DEFAULT_5XX"))
        return self._finish(invocation, started)

    def _finish(self, invocation: Invocation, started: float) -> Response:
        response, context = invocation.response, invocation.context
        response.headers["x-amzn-requestid"] = context["requestId"]
        response.headers["x-amz-apigw-id"] = context["extendedRequestId"]
        self.counters[invocation.api.name].count(response.status, invocation.accepted_records)
        write = invocation.stage.write_access_log
        if write is not None and self._on_access is not None:
            context["status"] = response.status
            context["responseLength"] = len(response.body)
            context["responseLatency"] = round((self._clock() - started) * 1000)
            self._on_access(write(context))
        return response


def _integrations(api: RestApi) -> list[Integration]:
    found: list[Integration] = []
    nodes = [api.root]
    while nodes:
        node = nodes.pop()
        found.extend(method.integration for method in node.methods.values())
        nodes.extend(node.children.values())
    return found


def _check_services(integrations: list[Integration], services: Mapping[str, Service]) -> None:
    for integration in integrations:
        if integration.service and integration.service not in services:
            raise LocalRuntimeError(
                f"an API calls {integration.service}:{integration.action}, "
                f"the local run has these services: {', '.join(sorted(services))}"
            )


def _role(assembly: Assembly, arn: str) -> Role:
    for resource in assembly.of_type("AWS::IAM::Role"):
        if resource.arn == arn:
            if not trusts(resource, "apigateway.amazonaws.com"):
                raise UnsupportedResourceError(
                    resource.type,
                    resource.stack,
                    resource.logical_id,
                    "an integration assumes it, but its trust policy does not name apigateway.amazonaws.com",
                )
            return Role(assembly, resource)
    raise LocalRuntimeError(
        f"an integration assumes the role {arn}, which is not in the assembly: "
        "its policies cannot be evaluated"
    )


def _index(apis: Mapping[str, RestApi]) -> Response:
    """Local alone: on AWS a wrong host or stage never reaches an API."""
    served = sorted(f"/{api.name}/{stage}" for api in apis.values() for stage in api.stages)
    body = orjson.dumps({"message": "No such API or stage here", "apis": served})
    return Response(404, {"content-type": "application/json"}, body)
