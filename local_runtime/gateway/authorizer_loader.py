"""An AWS::ApiGateway::Authorizer resource as an authorizer.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-authorizer.html
"""

from __future__ import annotations

from typing import NoReturn

from local_runtime.assembly.model import Resource
from local_runtime.errors import LocalRuntimeError, UnsupportedResourceError
from local_runtime.gateway.api import Authorizer, ParameterSource, Target
from local_runtime.gateway.parameters import compile_parameter
from local_runtime.gateway.targets import read_target
from local_runtime.vtl.java import pattern

_TYPES = ("TOKEN", "REQUEST", "COGNITO_USER_POOLS")
_DEFAULT_TTL = 300
_MAX_TTL = 3600


def load_authorizer(resource: Resource) -> Authorizer:
    """The authorizer.

    Raises:
        LocalRuntimeError: it could not be deployed as it is, or is not run here.
    """
    given = resource.properties
    kind = str(given.get("Type"))
    if kind not in _TYPES:
        detail = f"Type {kind} is not run; {', '.join(_TYPES)} are"
        raise UnsupportedResourceError(resource.type, resource.stack, resource.logical_id, detail)
    ttl = int(given.get("AuthorizerResultTtlInSeconds", _DEFAULT_TTL))
    if not 0 <= ttl <= _MAX_TTL:
        _refuse(resource, f"AuthorizerResultTtlInSeconds must be 0-{_MAX_TTL} (got {ttl})")
    sources = _identity_sources(resource)
    if not sources and (kind != "REQUEST" or ttl > 0):
        _refuse(resource, "IdentitySource is needed")
    validation = given.get("IdentityValidationExpression")
    return Authorizer(
        id=resource.physical_id,
        type=kind,
        target=Target() if kind == "COGNITO_USER_POOLS" else _target(resource),
        identity_sources=sources,
        identity_pattern=pattern(validation) if validation else None,
        ttl_seconds=ttl,
        user_pools=tuple(str(arn).rpartition("/")[2] for arn in given.get("ProviderARNs", ())),
    )


def _identity_sources(resource: Resource) -> tuple[ParameterSource, ...]:
    texts = str(resource.properties.get("IdentitySource", "")).split(",")
    try:
        return tuple(compile_parameter(text.strip()) for text in texts if text.strip())
    except ValueError as error:
        _refuse(resource, f"IdentitySource: {error}")


def _target(resource: Resource) -> Target:
    given = resource.properties
    try:
        target = read_target(str(given.get("AuthorizerUri", "")), str(given.get("AuthorizerCredentials", "")))
    except ValueError as error:
        _refuse(resource, str(error))
    if not target.function:
        _refuse(resource, f"AuthorizerUri must name a function (got {given['AuthorizerUri']!r})")
    return target


def _refuse(resource: Resource, detail: str) -> NoReturn:
    raise LocalRuntimeError(f"{resource.stack}/{resource.logical_id}: {detail}")
