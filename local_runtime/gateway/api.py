"""A REST API as it is deployed: stages, resources, methods, integrations; templates and patterns compiled."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
class Integration:
    type: str
    service: str
    """The service of an AWS integration's URI, e.g. `kinesis`; empty for MOCK."""
    action: str
    credentials: str
    """The ARN of the role that the integration assumes; empty for MOCK."""
    headers: Mapping[str, ParameterSource]
    templates: Mapping[str, Template]
    passthrough: str
    responses: tuple[IntegrationResponse, ...]


@dataclass(frozen=True)
class Method:
    http_method: str
    resource_id: str
    resource_path: str
    authorization: str
    required_parameters: tuple[tuple[str, str], ...]
    """(location, name): ("path", "id"), ("querystring", "page"), ("header", "Accept")."""
    models: Mapping[str, Any]
    """Content type -> validator of the body; empty where the method does not validate bodies."""
    integration: Integration
    responses: frozenset[int]


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
class Stage:
    name: str
    variables: Mapping[str, str]
    write_access_log: Callable[[Mapping[str, Any]], str] | None
    deployment_id: str


@dataclass(frozen=True)
class RestApi:
    id: str
    name: str
    account: str
    region: str
    root: ResourceNode
    stages: Mapping[str, Stage]
    gateway_responses: Mapping[str, GatewayResponse]
