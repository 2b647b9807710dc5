"""A REST API as it is deployed: stages, resources, methods, integrations; templates and patterns compiled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local_runtime.gateway.access_log import AccessLog
from local_runtime.gateway.policy import Statement
from local_runtime.vtl import Template

if TYPE_CHECKING:
    from local_runtime.gateway.context import Invocation

ParameterSource = Callable[["Invocation"], str | None]
"""A mapping expression such as `method.request.path.id` or `'*'`: its value for one request."""


@dataclass(frozen=True)
class IntegrationResponse:
    status: int
    selection_pattern: re.Pattern[str] | None
    """None: the default response."""
    headers: Mapping[str, ParameterSource]
    templates: Mapping[str, Template]


@dataclass(frozen=True)
class Target:
    """What stands behind an AWS integration's URI: an action of a service, or a function."""

    service: str = ""
    """E.g. `kinesis`; empty for a function."""
    action: str = ""
    function: str = ""
    """The function's ARN; empty for a service."""
    credentials: str = ""
    """The ARN of the role that API Gateway assumes; empty where the function's own policy decides."""


@dataclass(frozen=True)
class Integration:
    type: str
    """AWS, AWS_PROXY or MOCK as in the template; an AWS integration with a function is LAMBDA here."""
    target: Target
    timeout_seconds: float
    headers: Mapping[str, ParameterSource]
    templates: Mapping[str, Template]
    passthrough: str
    responses: tuple[IntegrationResponse, ...]


@dataclass(frozen=True)
class Authorizer:
    id: str
    type: str
    """TOKEN, REQUEST or COGNITO_USER_POOLS."""
    target: Target
    identity_sources: tuple[ParameterSource, ...]
    identity_pattern: re.Pattern[str] | None
    """A TOKEN authorizer's IdentityValidationExpression."""
    ttl_seconds: int
    """How long a result is kept; 0: not at all."""
    user_pools: tuple[str, ...]
    """Ids of Cognito user pools."""


@dataclass(frozen=True)
class Method:
    http_method: str
    resource_id: str
    resource_path: str
    authorization: str
    authorizer: Authorizer | None
    scopes: frozenset[str]
    """OAuth scopes of which an access token needs one; without any, identity tokens are taken."""
    api_key_required: bool
    required_parameters: tuple[tuple[str, str], ...]
    """(location, name): ("path", "id"), ("querystring", "page"), ("header", "Accept")."""
    models: Mapping[str, Any]
    """Content type -> validator of the body; empty where the method does not validate bodies."""
    integration: Integration
    responses: frozenset[int]

    @property
    def waits(self) -> bool:
        """Whether answering may take long: all but the stream and MOCK answer from elsewhere."""
        target = self.integration.target
        return self.authorizer is not None or bool(target.function) or target.service not in ("", "kinesis")


@dataclass(frozen=True)
class GatewayResponse:
    status: int | None
    headers: Mapping[str, ParameterSource]
    templates: Mapping[str, str]


@dataclass
class ResourceNode:
    """A resource, its methods by verb (or ANY), and the resources below it by path part."""

    path: str
    methods: dict[str, Method] = field(default_factory=dict)
    children: dict[str, ResourceNode] = field(default_factory=dict)


@dataclass(frozen=True)
class Rate:
    """A throttle: requests a second, and how many may come at once."""

    per_second: float
    burst: float


@dataclass(frozen=True)
class Stage:
    name: str
    variables: Mapping[str, str]
    access_log: AccessLog | None
    deployment_id: str
    rates: Mapping[tuple[str, str], Rate]
    """(resource path, HTTP method), `*` for any -> what MethodSettings allow."""

    @property
    def log_stream(self) -> str:
        """The ARN of the delivery stream that takes the access log; empty: none does."""
        return "" if self.access_log is None else self.access_log.delivery_stream


@dataclass(frozen=True)
class RestApi:
    id: str
    name: str
    partition: str
    account: str
    region: str
    root: ResourceNode
    stages: Mapping[str, Stage]
    gateway_responses: Mapping[str, GatewayResponse]
    policy: tuple[Statement, ...] | None
    """The resource policy."""
    api_key_source: str
    """HEADER or AUTHORIZER."""
    binary_media_types: frozenset[str]
    minimum_compression_size: int | None
    """Bytes from which on a response is compressed; None: none is."""

    def methods(self) -> Iterator[Method]:
        nodes = [self.root]
        while nodes:
            node = nodes.pop()
            yield from node.methods.values()
            nodes.extend(node.children.values())
