"""What cannot be run, or what API Gateway would refuse, is named when the gateway starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local_runtime.errors import LocalRuntimeError

HEADER = "method.request.header.Authorization"
Change = Callable[[Any], Any]
URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations"
LAMBDA = URI.format("arn:aws:lambda:us-east-1:123456789012:function:absent")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda api: api.integration.update(Type="HTTP_PROXY"), "type HTTP_PROXY is not run"),
        (lambda api: api.integration.update(Type="AWS_PROXY", Uri=LAMBDA), "function:absent"),
        (lambda api: api.integration.update(Uri=LAMBDA), "function:worker"),
        (lambda api: api.integration.update(Type="AWS_PROXY"), "AWS_PROXY integration needs the URI of a f"),
        (
            lambda api: api.integration.update(Uri="arn:aws:apigateway:us-east-1:sqs:path/1/queue"),
            "sqs:path/1/queue' is not run; functions and actions of firehose, kinesis are",
        ),
        (
            lambda api: api.integration.update(Credentials="arn:aws:iam::*:user/*"),
            "the caller's own identity",
        ),
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
            lambda api: api.method.update(AuthorizationType="JWT"),
            "Stack/Put: AWS::ApiGateway::Method: Stack: PUT /streams/{name}: AuthorizationType JWT",
        ),
        (
            lambda api: api.method.update(AuthorizationType="CUSTOM", AuthorizerId="Gone"),
            "AuthorizerId 'Gone' is no authorizer of the API",
        ),
        (lambda api: api.authorize(Type="TOKEN"), "Stack/Auth: IdentitySource is needed"),
        (lambda api: api.authorize(Type="JWT"), "Type JWT is not run"),
        (lambda api: api.authorize(AuthorizerResultTtlInSeconds=3601), "must be 0-3600 (got 3601)"),
        (lambda api: api.authorize(IdentitySource=HEADER, AuthorizerUri=LAMBDA), "function:absent"),
        (
            lambda api: api.authorize(IdentitySource=HEADER, AuthorizerUri=api.integration["Uri"]),
            "Credentials",
        ),
        (
            lambda api: api.authorize(Type="COGNITO_USER_POOLS", IdentitySource=HEADER),
            "AuthorizationType CUSTOM does not go with a COGNITO_USER_POOLS authorizer",
        ),
        (
            lambda api: api.policy({"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
            "the resource policy: the condition StringEquals of aws:SourceVpce is not evaluated here",
        ),
        (lambda api: api.policy({}, Principal={"AWS": "123456789012"}), "Principal must be *"),
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
            lambda api: api.api.update(BinaryMediaTypes=["*/*"]),
            "BinaryMediaTypes is run with AWS_PROXY and MOCK integrations alone, PUT /streams/{name}",
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
