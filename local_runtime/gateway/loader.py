"""REST APIs from an assembly's CloudFormation resources; whatever is not run is refused by name.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_ApiGateway.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local_runtime.assembly.model import Assembly, Resource
from local_runtime.errors import LocalRuntimeError, UnsupportedResourceError
from local_runtime.gateway.access_log import load_access_log
from local_runtime.gateway.api import GatewayResponse, Rate, ResourceNode, RestApi, Stage
from local_runtime.gateway.authorizer_loader import load_authorizer
from local_runtime.gateway.method_loader import MethodLoader
from local_runtime.gateway.parameters import compile_headers
from local_runtime.gateway.resource_policy import load_resource_policy

_API = "AWS::ApiGateway::RestApi"
_NOT_RUN = ("Body", "BodyS3Location")


def load_apis(assembly: Assembly) -> dict[str, RestApi]:
    """The APIs by name.

    Raises:
        LocalRuntimeError: two APIs of one name, or a template or mapping that API Gateway would refuse.
    """
    apis: dict[str, RestApi] = {}
    for resource in assembly.of_type(_API):
        api = _load_api(assembly, resource)
        if api.name in apis:
            raise LocalRuntimeError(
                f"{resource.stack}/{resource.logical_id}: two REST APIs are named {api.name!r}; "
                "the local run serves an API under its name, so names must differ"
            )
        apis[api.name] = api
    return apis


def _load_api(assembly: Assembly, resource: Resource) -> RestApi:
    for name in _NOT_RUN:
        if resource.properties.get(name):
            raise UnsupportedResourceError(_API, resource.stack, resource.logical_id, f"{name} is not run")
    api_id = resource.physical_id
    binary_media_types = frozenset(resource.properties.get("BinaryMediaTypes", ()))
    api = RestApi(
        id=api_id,
        name=resource.properties["Name"],
        account=assembly.account,
        partition=assembly.partition,
        region=assembly.region,
        root=_load_resources(assembly, resource),
        stages={
            stage.properties["StageName"]: _load_stage(stage)
            for stage in _members(assembly, "AWS::ApiGateway::Stage", api_id)
        },
        gateway_responses={
            response.properties["ResponseType"]: _load_gateway_response(response)
            for response in _members(assembly, "AWS::ApiGateway::GatewayResponse", api_id)
        },
        policy=load_resource_policy(resource, assembly),
        api_key_source=str(resource.properties.get("ApiKeySourceType", "HEADER")),
        binary_media_types=binary_media_types,
        minimum_compression_size=resource.properties.get("MinimumCompressionSize"),
    )
    mapped = [method for method in api.methods() if method.integration.type in ("AWS", "LAMBDA")]
    if binary_media_types and mapped:
        detail = (
            "BinaryMediaTypes is run with AWS_PROXY and MOCK integrations alone, "
            f"{mapped[0].http_method} {mapped[0].resource_path} has a mapped one"
        )
        raise UnsupportedResourceError(_API, resource.stack, resource.logical_id, detail)
    return api


def _members(assembly: Assembly, resource_type: str, api_id: str) -> list[Resource]:
    return [
        member for member in assembly.of_type(resource_type) if member.properties.get("RestApiId") == api_id
    ]


def _load_resources(assembly: Assembly, api: Resource) -> ResourceNode:
    root = ResourceNode("/")
    nodes = {api.attributes["RootResourceId"]: root}
    waiting = _members(assembly, "AWS::ApiGateway::Resource", api.physical_id)
    while waiting:
        ready = [resource for resource in waiting if resource.properties["ParentId"] in nodes]
        if not ready:
            lost = waiting[0]
            raise LocalRuntimeError(
                f"{lost.stack}/{lost.logical_id}: its parent {lost.properties['ParentId']!r} "
                f"is no resource of the API {api.logical_id}"
            )
        for resource in ready:
            parent, part = nodes[resource.properties["ParentId"]], resource.properties["PathPart"]
            node = ResourceNode(f"{parent.path.rstrip('/')}/{part}")
            nodes[resource.physical_id] = parent.children[part] = node
        waiting = [resource for resource in waiting if resource not in ready]
    _load_methods(assembly, api, nodes)
    return root


def _load_methods(assembly: Assembly, api: Resource, nodes: Mapping[str, ResourceNode]) -> None:
    loader = MethodLoader(
        models={
            model.properties.get("Name", model.physical_id): model
            for model in _members(assembly, "AWS::ApiGateway::Model", api.physical_id)
        },
        validators={
            validator.physical_id: validator.properties
            for validator in _members(assembly, "AWS::ApiGateway::RequestValidator", api.physical_id)
        },
        authorizers={
            authorizer.physical_id: load_authorizer(authorizer)
            for authorizer in _members(assembly, "AWS::ApiGateway::Authorizer", api.physical_id)
        },
    )
    for resource in _members(assembly, "AWS::ApiGateway::Method", api.physical_id):
        resource_id = resource.properties["ResourceId"]
        node = nodes.get(resource_id)
        if node is None:
            raise LocalRuntimeError(
                f"{resource.stack}/{resource.logical_id}: ResourceId {resource_id!r} "
                f"is no resource of the API {api.logical_id}"
            )
        method = loader.load(resource, node.path)
        node.methods[method.http_method] = method


def _load_stage(resource: Resource) -> Stage:
    properties = resource.properties
    return Stage(
        name=properties["StageName"],
        variables=properties.get("Variables", {}),
        access_log=load_access_log(resource),
        deployment_id=properties.get("DeploymentId", ""),
        rates=dict(_rates(properties.get("MethodSettings", ()))),
    )


def _rates(settings: Iterable[Mapping[str, Any]]) -> Iterator[tuple[tuple[str, str], Rate]]:
    """In ResourcePath a resource's own slashes are `~1`: `/~1streams~1{stream-name}`."""
    for setting in settings:
        per_second = setting.get("ThrottlingRateLimit")
        if per_second is not None:
            path = str(setting["ResourcePath"])
            resource = "*" if path == "/*" else path.removeprefix("/").replace("~1", "/") or "/"
            burst = float(setting.get("ThrottlingBurstLimit", per_second))
            yield (resource, str(setting["HttpMethod"])), Rate(float(per_second), burst)


def _load_gateway_response(resource: Resource) -> GatewayResponse:
    properties = resource.properties
    status = properties.get("StatusCode")
    try:
        headers = compile_headers(properties.get("ResponseParameters", {}), "gatewayresponse.header.")
    except ValueError as error:
        raise LocalRuntimeError(f"{resource.stack}/{resource.logical_id}: {error}") from error
    return GatewayResponse(
        status=None if status is None else int(status),
        headers=headers,
        templates=properties.get("ResponseTemplates", {}),
    )
