"""The REST APIs of an assembly over HTTP: `/{rest-api-name}/{stage}/...`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

import orjson

from local_runtime.assembly.model import Assembly
from local_runtime.errors import LocalRuntimeError
from local_runtime.gateway import asgi
from local_runtime.gateway.api import Method, RestApi, Stage, Target
from local_runtime.gateway.authorization import Authorization
from local_runtime.gateway.cognito_authorizer import CognitoAuthorizers
from local_runtime.gateway.compression import compressed
from local_runtime.gateway.context import Invocation, Request, Response, request_context
from local_runtime.gateway.counters import ApiCounters
from local_runtime.gateway.functions import Function, FunctionCaller, Permissions, unqualified
from local_runtime.gateway.gateway_response import GatewayError, answer_error
from local_runtime.gateway.iam import Role, roles_by_arn
from local_runtime.gateway.lambda_authorizer import LambdaAuthorizers
from local_runtime.gateway.lambda_integration import LambdaIntegration, LambdaProxyIntegration
from local_runtime.gateway.loader import load_apis
from local_runtime.gateway.mock_integration import mock_integration
from local_runtime.gateway.pipeline import StageFunction, build_pipeline
from local_runtime.gateway.routing import find_method
from local_runtime.gateway.service_integration import ServiceIntegration
from local_runtime.gateway.throttle import StageThrottle, TokenBuckets
from local_runtime.gateway.usage_plan import UsagePlans
from local_runtime.gateway.user_pool_keys import KeySetOfPool
from local_runtime.service import Service
from local_runtime.services.events import Events
from local_runtime.services.firehose import DirectPut
from local_runtime.vtl import TemplateError

_LOG = logging.getLogger(__name__)
_NO_FUNCTIONS: Mapping[str, Function] = MappingProxyType({})
_NO_STREAMS: Mapping[str, DirectPut] = MappingProxyType({})
WAITING_REQUESTS = 64
"""How many requests may wait for functions at once; further ones wait for their turn."""


class Gateway:
    """An ASGI application; `handle` is the same without HTTP.

    `services` are keyed by the service in an integration's URI ("kinesis"), `functions` by their ARN;
    `user_pool_keys` gives the key set of a Cognito user pool; `throttle` applies the stages' throttling;
    `on_access` gets one line a request from stages that have an access log, or one of `delivery_streams`,
    by ARN, where the stage names it; a line is put before its request is answered.

    Raises:
        LocalRuntimeError: an API that cannot be run as it is; the message names the place in the template.
    """

    def __init__(
        self,
        assembly: Assembly,
        services: Mapping[str, Service],
        clock: Callable[[], float] = time.time,
        on_access: Callable[[str], None] | None = None,
        *,
        functions: Mapping[str, Function] = _NO_FUNCTIONS,
        user_pool_keys: KeySetOfPool | None = None,
        throttle: bool = False,
        delivery_streams: Mapping[str, DirectPut] = _NO_STREAMS,
        events: Events | None = None,
    ) -> None:
        self.apis = load_apis(assembly)
        self.counters = {name: ApiCounters() for name in self.apis}
        self._clock = clock
        self._on_access = on_access
        self._delivery_streams = delivery_streams
        _check_access_logs(self.apis, delivery_streams)
        methods = [method for api in self.apis.values() for method in api.methods()]
        targets = list(_targets(methods))
        _check_targets(targets, services, functions)
        roles = roles_by_arn(assembly, (target.credentials for target in targets))
        self._events = Events() if events is None else events
        permissions = Permissions.from_assembly(assembly)
        self._caller = FunctionCaller(functions, permissions, roles, self._events)
        self._waiting = ThreadPoolExecutor(WAITING_REQUESTS, thread_name_prefix="gateway")
        buckets = TokenBuckets(clock)
        self._stages = build_pipeline(
            [
                Authorization(
                    LambdaAuthorizers(self._caller, clock), _token_check(methods, user_pool_keys, clock)
                ),
                UsagePlans(assembly, buckets, clock),
                *([StageThrottle(buckets)] if throttle else []),
            ],
            self._integrations(services, roles, assembly.partition),
        )

    def _integrations(
        self, services: Mapping[str, Service], roles: Mapping[str, Role], partition: str
    ) -> dict[str, StageFunction]:
        return {
            "AWS": ServiceIntegration(services, roles, partition),
            "LAMBDA": LambdaIntegration(self._caller),
            "AWS_PROXY": LambdaProxyIntegration(self._caller),
            "MOCK": mock_integration,
        }

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
        invocation, method = self._open(api, api.stages[stage], request)
        too_large = body is None
        if invocation.stage.log_stream or (method is not None and method.waits):
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._waiting, self._complete, invocation, method, too_large)
        else:
            self._complete(invocation, method, too_large)
        self._count(invocation)
        await asgi.send_response(send, compressed(api, request, invocation.response))

    def handle(self, api: RestApi, stage: Stage, request: Request, *, too_large: bool = False) -> Response:
        invocation, method = self._open(api, stage, request)
        self._complete(invocation, method, too_large)
        self._count(invocation)
        return invocation.response

    def close(self) -> None:
        """Let go of the threads; a request that waits for a function ends with it."""
        self._waiting.shutdown(wait=False, cancel_futures=True)
        self._caller.close()

    def _open(self, api: RestApi, stage: Stage, request: Request) -> tuple[Invocation, Method | None]:
        started = self._clock()
        context = request_context(api, stage, request, started)
        invocation = Invocation(api, stage, request, context, started)
        found = find_method(api.root, request.method, request.path)
        if found is None:
            return invocation, None
        invocation.method, invocation.path_parameters = found
        context["resourceId"] = invocation.method.resource_id
        context["resourcePath"] = invocation.method.resource_path
        return invocation, invocation.method

    def _complete(self, invocation: Invocation, method: Method | None, too_large: bool) -> None:
        self._answer(invocation, method, too_large)
        response = invocation.response
        response.headers["x-amzn-requestid"] = invocation.context["requestId"]
        response.headers["x-amz-apigw-id"] = invocation.context["extendedRequestId"]
        self._log_access(invocation)

    def _answer(self, invocation: Invocation, method: Method | None, too_large: bool) -> None:
        place = f"{invocation.request.method} {invocation.context['path']}"
        try:
            if method is None:
                raise GatewayError("MISSING_AUTHENTICATION_TOKEN")
            if too_large:
                raise GatewayError("REQUEST_TOO_LARGE")
            for run in self._stages:
                run(invocation)
        except GatewayError as error:
            invocation.response = answer_error(invocation, error)
        except TemplateError as error:
            _LOG.warning("%s: a template failed: %s", place, error)
            invocation.response = answer_error(invocation, GatewayError("API_CONFIGURATION_ERROR"))
        except Exception:
            _LOG.exception("%s failed", place)
            invocation.response = answer_error(invocation, GatewayError("DEFAULT_5XX"))

    def _log_access(self, invocation: Invocation) -> None:
        log, response, context = invocation.stage.access_log, invocation.response, invocation.context
        if log is None:
            return
        context["status"] = response.status
        context["responseLength"] = len(response.body)
        context["responseLatency"] = round((self._clock() - invocation.started) * 1000)
        line = log.write(context)
        if log.delivery_stream:
            try:
                self._delivery_streams[log.delivery_stream].put([line.encode()])
            except Exception:  # the request is answered, as on AWS, where logging is best effort
                _LOG.exception("the access log of %s lost a line", invocation.api.name)
        elif self._on_access is not None:
            self._on_access(line)

    def _count(self, invocation: Invocation) -> None:
        self.counters[invocation.api.name].count(invocation.response.status, invocation.accepted_records)


def _check_access_logs(apis: Mapping[str, RestApi], streams: Mapping[str, DirectPut]) -> None:
    for api in apis.values():
        for stage in api.stages.values():
            if stage.log_stream and stage.log_stream not in streams:
                raise LocalRuntimeError(
                    f"stage {stage.name} of {api.name} logs to {stage.log_stream}, which is "
                    "no delivery stream of the assembly that producers put to"
                )


def _targets(methods: Iterable[Method]) -> Iterable[Target]:
    for method in methods:
        yield method.integration.target
        if method.authorizer is not None:
            yield method.authorizer.target


def _check_targets(
    targets: Iterable[Target], services: Mapping[str, Service], functions: Mapping[str, Function]
) -> None:
    for target in targets:
        if target.service and target.service not in services:
            raise LocalRuntimeError(
                f"an API calls {target.service}:{target.action}, "
                f"the local run has these services: {', '.join(sorted(services))}"
            )
        if target.function and unqualified(target.function) not in functions:
            raise LocalRuntimeError(
                f"an API calls the function {target.function}, "
                f"the assembly has these: {', '.join(sorted(functions)) or 'none'}"
            )


def _token_check(
    methods: Iterable[Method], keys: KeySetOfPool | None, clock: Callable[[], float]
) -> Callable[[Invocation], None]:
    if all(method.authorization != "COGNITO_USER_POOLS" for method in methods):
        return _never
    if keys is None:
        raise LocalRuntimeError("an API asks for tokens of a Cognito user pool, the local run has no pools")
    return CognitoAuthorizers(keys, clock)


def _never(invocation: Invocation) -> None:
    raise AssertionError("no method has a Cognito authorizer")


def _index(apis: Mapping[str, RestApi]) -> Response:
    """Local alone: on AWS a wrong host or stage never reaches an API."""
    served = sorted(f"/{api.name}/{stage}" for api in apis.values() for stage in api.stages)
    body = orjson.dumps({"message": "No such API or stage here", "apis": served})
    return Response(404, {"content-type": "application/json"}, body)
