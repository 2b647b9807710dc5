"""One AWS::ApiGateway::Method resource as a method: templates, patterns, models and mappings compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import orjson

from local_runtime.assembly.model import Resource
from local_runtime.errors import LocalRuntimeError, UnsupportedResourceError
from local_runtime.gateway.api import (
    Authorizer,
    Integration,
    IntegrationResponse,
    Method,
    ParameterSource,
    Target,
)
from local_runtime.gateway.context import media_type
from local_runtime.gateway.parameters import compile_headers
from local_runtime.gateway.targets import read_target
from local_runtime.gateway.validation import compile_model
from local_runtime.vtl import Template
from local_runtime.vtl.java import pattern

_AUTHORIZATION = ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS")
_TYPES = ("AWS", "AWS_PROXY", "MOCK")
_TIMEOUT_MS = 29_000
_PASSTHROUGH = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")
_BUILT_IN_MODELS = ("Empty", "Error")


@dataclass(frozen=True)
class MethodLoader:
    """`load` with the other resources of the API that methods name."""

    models: Mapping[str, Resource]
    validators: Mapping[str, Mapping[str, Any]]
    authorizers: Mapping[str, Authorizer]

    @cached_property
    def schemas(self) -> Mapping[str, Any]:
        return {name: _schema(model) for name, model in self.models.items()}

    def load(self, resource: Resource, path: str) -> Method:
        return _OneMethod(resource, path, self).load()


class _OneMethod:
    def __init__(self, resource: Resource, path: str, api: MethodLoader) -> None:
        self._resource = resource
        self._properties = resource.properties
        self._path = path
        self._api = api
        self._validator = api.validators.get(str(resource.properties.get("RequestValidatorId")), {})
        self._place = f"{resource.stack}: {resource.properties['HttpMethod']} {path}"

    def load(self) -> Method:
        properties = self._properties
        authorization = properties.get("AuthorizationType", "NONE")
        if authorization not in _AUTHORIZATION:
            self._unsupported(f"AuthorizationType {authorization} is not run; {_listed(_AUTHORIZATION)} are")
        responses = {
            int(response["StatusCode"]): response for response in properties.get("MethodResponses", ())
        }
        return Method(
            http_method=properties["HttpMethod"],
            resource_id=properties["ResourceId"],
            resource_path=self._path,
            authorization=authorization,
            authorizer=self._authorizer(authorization),
            scopes=frozenset(properties.get("AuthorizationScopes", ())),
            api_key_required=properties.get("ApiKeyRequired") in (True, "true"),
            required_parameters=self._required_parameters(),
            models=self._models(),
            integration=self._integration(responses),
            responses=frozenset(responses),
        )

    def _unsupported(self, detail: str) -> NoReturn:
        resource = self._resource
        raise UnsupportedResourceError(
            resource.type, resource.stack, resource.logical_id, f"{self._place}: {detail}"
        )

    def _refuse(self, detail: str) -> NoReturn:
        raise LocalRuntimeError(f"{self._place}: {detail}")

    def _authorizer(self, authorization: str) -> Authorizer | None:
        if authorization not in ("CUSTOM", "COGNITO_USER_POOLS"):
            return None
        name = str(self._properties.get("AuthorizerId"))
        authorizer = self._api.authorizers.get(name)
        if authorizer is None:
            self._refuse(f"AuthorizerId {name!r} is no authorizer of the API")
        if (authorizer.type == "COGNITO_USER_POOLS") != (authorization == "COGNITO_USER_POOLS"):
            self._refuse(f"AuthorizationType {authorization} does not go with a {authorizer.type} authorizer")
        return authorizer

    # -- method request -----------------------------------------------------------------------------

    def _required_parameters(self) -> tuple[tuple[str, str], ...]:
        if self._validator.get("ValidateRequestParameters") not in (True, "true"):
            return ()
        required = []
        for parameter, needed in self._properties.get("RequestParameters", {}).items():
            if needed in (True, "true"):
                _, _, location, name = parameter.split(".", 3)
                required.append((location, name))
        return tuple(required)

    def _models(self) -> dict[str, Any]:
        if self._validator.get("ValidateRequestBody") not in (True, "true"):
            return {}
        models: dict[str, Any] = {}
        for content_type, name in self._properties.get("RequestModels", {}).items():
            if name in self._api.schemas:
                models[_type_key(content_type)] = self._model(name)
            elif name not in _BUILT_IN_MODELS:
                self._refuse(f"the request model {name!r} is none of {_listed(sorted(self._api.schemas))}")
        return models

    def _model(self, name: str) -> Any:
        try:
            return compile_model(self._api.schemas[name], self._api.schemas)
        except ValueError as error:
            self._refuse(f"the model {name}: {error}")

    # -- integration --------------------------------------------------------------------------------

    def _integration(self, method_responses: Mapping[int, Mapping[str, Any]]) -> Integration:
        given = self._properties.get("Integration", {})
        kind = given.get("Type")
        if kind not in _TYPES:
            self._unsupported(f"an integration of type {kind} is not run; {_listed(_TYPES)} are")
        target = Target() if kind == "MOCK" else self._target(kind, given)
        passthrough = given.get("PassthroughBehavior", "WHEN_NO_MATCH")
        if passthrough not in _PASSTHROUGH:
            self._refuse(f"PassthroughBehavior is {passthrough!r}, {_listed(_PASSTHROUGH)} are known")
        if given.get("ContentHandling"):
            self._unsupported("ContentHandling is not run")
        return Integration(
            type="LAMBDA" if kind == "AWS" and target.function else kind,
            target=target,
            timeout_seconds=int(given.get("TimeoutInMillis", _TIMEOUT_MS)) / 1000,
            headers=self._headers(given.get("RequestParameters", {}), "integration.request.header."),
            templates=self._templates(given.get("RequestTemplates", {}), "request template"),
            passthrough=passthrough,
            responses=tuple(
                self._response(response, method_responses)
                for response in given.get("IntegrationResponses", ())
            ),
        )

    def _target(self, kind: str, given: Mapping[str, Any]) -> Target:
        try:
            target = read_target(str(given.get("Uri", "")), str(given.get("Credentials", "")))
        except ValueError as error:
            self._unsupported(str(error))
        if kind == "AWS_PROXY" and not target.function:
            self._refuse("an AWS_PROXY integration needs the URI of a function")
        return target

    def _response(
        self, given: Mapping[str, Any], method_responses: Mapping[int, Mapping[str, Any]]
    ) -> IntegrationResponse:
        status = int(given["StatusCode"])
        parameters = given.get("ResponseParameters", {})
        declared = method_responses.get(status, {}).get("ResponseParameters", {})
        for name in parameters:
            if name not in declared:
                self._refuse(f"the integration response {status} maps {name}, its method response has none")
        if given.get("ContentHandling"):
            self._unsupported("ContentHandling is not run")
        selection = given.get("SelectionPattern", "")
        return IntegrationResponse(
            status=status,
            selection_pattern=pattern(selection) if selection else None,
            headers=self._headers(parameters, "method.response.header."),
            templates=self._templates(given.get("ResponseTemplates", {}), f"response template {status}"),
        )

    def _headers(self, mapping: Mapping[str, Any], prefix: str) -> dict[str, ParameterSource]:
        try:
            return compile_headers(mapping, prefix)
        except ValueError as error:
            self._refuse(str(error))

    def _templates(self, templates: Mapping[str, str], what: str) -> dict[str, Template]:
        return {
            _type_key(content_type): Template(text, f"{self._place}: {what} for {content_type}")
            for content_type, text in templates.items()
        }


def _schema(model: Resource) -> Any:
    schema = model.properties.get("Schema", {})
    return orjson.loads(schema) if isinstance(schema, str) else schema


def _type_key(content_type: str) -> str:
    return content_type if content_type == "$default" else media_type(content_type)


def _listed(names: Any) -> str:
    return ", ".join(names)
