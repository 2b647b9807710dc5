"""Methods of a REST API that hand requests to Kinesis Data Streams; `mapping_templates` has the mappings.

https://docs.aws.amazon.com/apigateway/latest/developerguide/integrating-api-with-aws-services-kinesis.html
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from aws_cdk.aws_apigateway import (
    AuthorizationType,
    AwsIntegration,
    IModel,
    IntegrationOptions,
    IntegrationResponse,
    IRequestValidator,
    IResource,
    MethodResponse,
    PassthroughBehavior,
)
from aws_cdk.aws_iam import IRole

from stacks.common.rest_api import ANY_ORIGIN

_TEMPLATES = Path(__file__).parent / "mapping_templates"
_JSON = "application/json"
_STATUSES = ("200", "400", "403", "404", "429", "500", "503")
_CORS = "response.header.Access-Control-Allow-Origin"


class KinesisProxy:
    """Adds methods whose back end is one action of Kinesis."""

    def __init__(self, role: IRole, validator: IRequestValidator, signed_methods: Sequence[str]) -> None:
        self._role = role
        self._validator = validator
        self._signed_methods = signed_methods
        self._method_responses = [
            MethodResponse(status_code=status, response_parameters={f"method.{_CORS}": True})
            for status in _STATUSES
        ]

    def add_method(
        self,
        resource: IResource,
        http_method: str,
        action: str,
        *,
        request: str,
        response: str | None = None,
        model: IModel | None = None,
    ) -> None:
        resource.add_method(
            http_method,
            self._integration(action, request, response),
            authorization_type=self._authorization(http_method),
            method_responses=self._method_responses,
            request_models=None if model is None else {_JSON: model},
            request_validator=None if model is None else self._validator,
        )

    def _authorization(self, http_method: str) -> AuthorizationType:
        return AuthorizationType.IAM if http_method in self._signed_methods else AuthorizationType.NONE

    def _integration(self, action: str, request: str, response: str | None) -> AwsIntegration:
        return AwsIntegration(
            service="kinesis",
            action=action,
            integration_http_method="POST",
            options=IntegrationOptions(
                credentials_role=self._role,
                # Else a body of another type would reach Kinesis as it is: the client would write the call.
                passthrough_behavior=PassthroughBehavior.NEVER,
                request_parameters={
                    "integration.request.header.Content-Type": "'application/x-amz-json-1.1'"
                },
                request_templates={_JSON: _template(request)},
                integration_responses=[
                    _response("200", None, response),
                    _response("400", r"4\d{2}", "client_error.vtl"),
                    _response("500", r"5\d{2}", "server_error.vtl"),
                ],
            ),
        )


def _response(status: str, selection_pattern: str | None, template: str | None) -> IntegrationResponse:
    return IntegrationResponse(
        status_code=status,
        selection_pattern=selection_pattern,
        response_parameters={f"method.{_CORS}": ANY_ORIGIN},
        response_templates=None if template is None else {_JSON: _template(template)},
    )


@cache
def _template(file: str) -> str:
    return (_TEMPLATES / file).read_text(encoding="utf-8")
