"""What cannot be run, or what API Gateway would refuse, is named when the gateway starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local_runtime.errors import LocalRuntimeError

Change = Callable[[Any], Any]
LAMBDA = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:x/invocations"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda api: api.integration.update(Type="AWS_PROXY", Uri=LAMBDA), "type AWS_PROXY is not run"),
        (lambda api: api.integration.update(Uri=LAMBDA), "lambda:path"),
        (lambda api: api.integration.pop("Credentials"), "needs Credentials"),
        (lambda api: api.integration.update(Credentials="arn:aws:iam::1:role/Other"), "role/Other"),
        (lambda api: api.integration.update(PassthroughBehavior="SOMETIMES"), "'SOMETIMES'"),
        (lambda api: api.integration.update(ContentHandling="CONVERT_TO_TEXT"), "ContentHandling"),
        (
            lambda api: api.integration.update(RequestTemplates={"application/json": "{\n#if(true)"}),
            "Stack: PUT /streams/{name}: request template for application/json, line 2: #if is not closed",
        ),
        (
            lambda api: api.integration.update(RequestParameters={"integration.request.header.X": "oops"}),
            "the mapping expression 'oops' is not known",
        ),
        (
            lambda api: api.integration["IntegrationResponses"][0].update(
                ResponseParameters={"method.response.header.X": "'1'"}
            ),
            "maps method.response.header.X, its method response has none",
        ),
        (
            lambda api: api.method.update(AuthorizationType="CUSTOM", AuthorizerId="A"),
            "Stack/Put: AWS::ApiGateway::Method: Stack: PUT /streams/{name}: AuthorizationType CUSTOM",
        ),
        (lambda api: api.method.update(ApiKeyRequired=True), "ApiKeyRequired"),
        (
            lambda api: (
                api.method.update(RequestValidatorId="V", RequestModels={"application/json": "Gone"}),
                api.add("ApiGateway::RequestValidator", "V", ValidateRequestBody=True),
            ),
            "the request model 'Gone'",
        ),
        (
            lambda api: (
                api.method.update(RequestValidatorId="V", RequestModels={"application/json": "M"}),
                api.add("ApiGateway::RequestValidator", "V", ValidateRequestBody=True),
                api.add("ApiGateway::Model", "Model", Name="M", Schema={"type": "strange"}),
            ),
            "the model M",
        ),
        (
            lambda api: api.add_api("Second", Name="log-api"),
            "two REST APIs are named 'log-api'",
        ),
        (
            lambda api: api.add_api("Second", Name="b", BinaryMediaTypes=["*/*"]),
            "BinaryMediaTypes is not run",
        ),
    ],
)
def test_start_fails_with_the_place_and_the_reason(api: Any, change: Change, message: str) -> None:
    change(api)
    with pytest.raises(LocalRuntimeError) as raised:
        api.gateway()
    assert message in str(raised.value)


def test_service_that_the_run_does_not_have_is_named(api: Any) -> None:
    api.integration["Uri"] = "arn:aws:apigateway:us-east-1:firehose:action/PutRecord"
    with pytest.raises(LocalRuntimeError, match=r"firehose:PutRecord.*these services: kinesis"):
        api.gateway()
