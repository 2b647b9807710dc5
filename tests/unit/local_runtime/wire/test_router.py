"""Each request goes where it means to go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from local_runtime.wire.endpoint import AwsJsonEndpoint
from local_runtime.wire.router import AwsRouter, is_aws_request


def scope(path: str = "/", query: str = "", **headers: str) -> dict[str, Any]:
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "POST", "path": path, "headers": fields, "query_string": query.encode()}


def signed(service: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential=A/20261121/us-east-1/{service}/aws4_request, Signature=x"


def route(request: dict[str, Any]) -> str:
    taken: list[str] = []

    def app(name: str) -> Any:
        async def answer(_scope: Any, _receive: Any, _send: Any) -> None:
            taken.append(name)

        return answer

    class Json(AwsJsonEndpoint):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            taken.append("json")

    endpoint = Json({"AmazonAthena": lambda action, asked: {}})
    router = AwsRouter(endpoint, {"s3": app("s3"), "lambda": app("lambda")}, app("others"))
    asyncio.run(router(request, None, None))  # type: ignore[arg-type]
    return taken[0]


@pytest.mark.parametrize(
    ("request_scope", "taken_by"),
    [
        (scope(x_amz_target="AmazonAthena.ListWorkGroups", authorization=signed("athena")), "json"),
        (scope(x_amz_target="DynamoDB_20120810.ListTables", authorization=signed("dynamodb")), "others"),
        (scope("/bucket/key", authorization=signed("s3")), "s3"),
        (scope("/2015-03-31/functions/f/invocations", authorization=signed("lambda")), "lambda"),
        (scope("/bucket/key", "X-Amz-Credential=A%2F20261121%2Fus-east-1%2Fs3%2Faws4_request"), "s3"),
        (scope(authorization=signed("sns"), content_type="application/x-www-form-urlencoded"), "others"),
        (scope(), "others"),
    ],
)
def test_target_comes_before_the_signature_and_the_rest_is_for_others(
    request_scope: dict[str, Any], taken_by: str
) -> None:
    assert route(request_scope) == taken_by


@pytest.mark.parametrize(
    ("request_scope", "is_aws"),
    [
        (scope("/log-collector/v2/streams"), False),
        (scope(), False),
        (scope(authorization="Bearer x"), False),
        (scope(x_amz_target="AWSCognitoIdentityProviderService.InitiateAuth"), True),
        (scope(content_type="application/x-www-form-urlencoded; charset=utf-8"), True),
        (scope("/us-east-1_abc/.well-known/jwks.json"), True),
        (scope("/b/k", authorization=signed("s3")), True),
    ],
)
def test_a_browser_is_no_sdk(request_scope: dict[str, Any], is_aws: bool) -> None:
    assert is_aws_request(request_scope) is is_aws
