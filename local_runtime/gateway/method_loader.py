"""One AWS::ApiGateway::Method resource as a method: templates, patterns, models and mappings compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

import orjson

from local_runtime.assembly.model import Resource
from local_runtime.errors import LocalRuntimeError, UnsupportedResourceError
from local_runtime.gateway.api import Integration, IntegrationResponse, Method, ParameterSource
from local_runtime.gateway.context import media_type
from local_runtime.gateway.parameters import compile_headers
from local_runtime.gateway.service_integration import TRAITS
from local_runtime.gateway.validation import compile_model
from local_runtime.vtl import Template
from local_runtime.vtl.java import pattern

_ACTION_URI = re.compile(r"arn:[^:]+:apigateway:[^:]+:([a-z0-9-]+):action/(\w+)")
_AUTHORIZATION = ("NONE", "AWS_IAM")
_TYPES = ("AWS", "MOCK")
_PASSTHROUGH = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")
_BUILT_IN_MODELS = ("Empty", "Error")


class MethodLoader:
    def __init__(self, models: Mapping[str, Resource], validators: Mapping[str, Mapping[str, Any]]) -> None:
        self._schemas = {name: _schema(model) for name, model in models.items()}
        self._validators = validators

    def load(self, resource: Resource, path: str) -> Method:
        return _OneMethod(resource, path, self._schemas, self._validators).load()


class _OneMethod:
    def __init__(
        self,
        resource: Resource,
        path: str,
        schemas: Mapping[str, Any],
        validators: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._resource = resource
        self._properties = resource.properties
        self._path = path
        self._schemas = schemas
        self._validator = validators.get(str(resource.properties.get("RequestValidatorId")), {})
        self._place = f"{resource.stack}: {resource.properties['HttpMethod']} {path}"

    def load(self) -> Method:
        properties = self._properties
        authorization = properties.get("AuthorizationType", "NONE")
        if authorization not in _AUTHORIZATION:
            self._unsupported(f"AuthorizationType {authorization} is not run; {_listed(_AUTHORIZATION)} are")
        if properties.get("ApiKeyRequired") in (True, "true"):
            self._unsupported("ApiKeyRequired is not run")
        responses = {
            int(response["StatusCode"]): response for response in properties.get("MethodResponses", ())
        }
        return Method(
            http_method=properties["HttpMethod"],
            resource_id=properties["ResourceId"],
            resource_path=self._path,
            authorization=authorization,
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
            if name in self._schemas:
                models[_type_key(content_type)] = self._model(name)
            elif name not in _BUILT_IN_MODELS:
                self._refuse(f"the request model {name!r} is none of {_listed(sorted(self._schemas))}")
        return models

    def _model(self, name: str) -> Any:
        try:
            return compile_model(self._schemas[name], self._schemas)
        except ValueError as error:
            self._refuse(f"the model {name}: {error}")

    # -- integration --------------------------------------------------------------------------------

    def _integration(self, method_responses: Mapping[int, Mapping[str, Any]]) -> Integration:
        given = self._properties.get("Integration", {})
        kind = given.get("Type")
        if kind not in _TYPES:
            self._unsupported(f"an integration of type {kind} is not run; {_listed(_TYPES)} are")
        service, action = self._action(given) if kind == "AWS" else ("", "")
        credentials = given.get("Credentials", "")
        if kind == "AWS" and not credentials:
            self._refuse("an integration with a service needs Credentials, the role that it assumes")
        passthrough = given.get("PassthroughBehavior", "WHEN_NO_MATCH")
        if passthrough not in _PASSTHROUGH:
            self._refuse(f"PassthroughBehavior is {passthrough!r}, {_listed(_PASSTHROUGH)} are known")
        if given.get("ContentHandling"):
            self._unsupported("ContentHandling is not run")
        return Integration(
            type=kind,
            service=service,
            action=action,
            credentials=credentials,
            headers=self._headers(given.get("RequestParameters", {}), "integration.request.header."),
            templates=self._templates(given.get("RequestTemplates", {}), "request template"),
            passthrough=passthrough,
            responses=tuple(
                self._response(response, method_responses)
                for response in given.get("IntegrationResponses", ())
            ),
        )

    def _action(self, given: Mapping[str, Any]) -> tuple[str, str]:
        uri = str(given.get("Uri", ""))
        match = _ACTION_URI.fullmatch(uri)
        if match is None or match[1] not in TRAITS:
            self._unsupported(
                f"the integration with {uri!r} is not run; actions of {_listed(sorted(TRAITS))} are"
            )
        return match[1], match[2]

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
