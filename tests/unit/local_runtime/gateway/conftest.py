"""A small hand-made assembly with one REST API in front of Kinesis, and a client that needs no HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from local_runtime.assembly import Assembly, Resource
from local_runtime.gateway import Gateway
from local_runtime.gateway.context import Request, Response

ACCOUNT, REGION = "123456789012", "us-east-1"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/ApiRole"
STREAM_ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/events"


def resource(type_name: str, logical_id: str, properties: Mapping[str, Any], **attributes: str) -> Resource:
    physical_id = str(properties.get("StageName", logical_id))
    return Resource("Stack", logical_id, f"AWS::{type_name}", properties, physical_id, attributes)


@dataclass
class FakeKinesis:
    """Answers what it is told to, and remembers what it was asked."""

    answer: dict[str, Any] | Exception = field(default_factory=lambda: {"ok": True})
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append((action, request))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class Api:
    """The API under test; change `method` or add resources, then call it."""

    method: dict[str, Any]
    integration: dict[str, Any]
    statements: list[dict[str, Any]]
    stage: dict[str, Any] = field(default_factory=lambda: {"RestApiId": "Api", "StageName": "v1"})
    extra: list[Resource] = field(default_factory=list)
    kinesis: FakeKinesis = field(default_factory=FakeKinesis)
    log: list[str] = field(default_factory=list)

    def resources(self) -> Iterator[Resource]:
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}}]}
        inline = {"PolicyName": "p", "PolicyDocument": {"Statement": self.statements}}
        role = {"AssumeRolePolicyDocument": trust, "Policies": [inline]}
        yield resource("ApiGateway::RestApi", "Api", {"Name": "log-api"}, RootResourceId="root")
        yield resource("ApiGateway::Stage", "Stage", self.stage)
        yield resource("IAM::Role", "ApiRole", role, Arn=ROLE_ARN)
        for logical_id, parent, part in (("Streams", "root", "streams"), ("Stream", "Streams", "{name}")):
            path = {"RestApiId": "Api", "ParentId": parent, "PathPart": part}
            yield resource("ApiGateway::Resource", logical_id, path)
        yield resource("ApiGateway::Method", "Put", {**self.method, "Integration": self.integration})
        yield from self.extra

    def add(self, type_name: str, logical_id: str, **properties: Any) -> None:
        self.extra.append(resource(type_name, logical_id, {"RestApiId": "Api", **properties}))

    def add_api(self, logical_id: str, **properties: Any) -> None:
        attributes = {"RootResourceId": f"root-{logical_id}"}
        self.extra.append(resource("ApiGateway::RestApi", logical_id, properties, **attributes))

    def gateway(self) -> Gateway:
        assembly = Assembly(Path("cdk.out"), "aws", REGION, ACCOUNT, tuple(self.resources()), {}, {})
        return Gateway(assembly, {"kinesis": self.kinesis}, on_access=self.log.append)

    def call(
        self,
        body: Any = None,
        *,
        path: str = "/streams/events",
        method: str = "PUT",
        query: Mapping[str, str] | None = None,
        **headers: str,
    ) -> Response:
        gateway = self.gateway()
        api = gateway.apis["log-api"]
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        request = Request(method, path, {} if query is None else query, given, data, "127.0.0.1")
        return gateway.handle(api, api.stages["v1"], request)


@pytest.fixture
def api() -> Api:
    """`PUT /streams/{name}` calls PutRecord with the body's `d`, default response 200 and `4\\d{2}` 400."""
    return Api(
        method={
            "RestApiId": "Api",
            "ResourceId": "Stream",
            "HttpMethod": "PUT",
            "AuthorizationType": "NONE",
            "MethodResponses": [{"StatusCode": "200"}, {"StatusCode": "400"}],
        },
        integration={
            "Type": "AWS",
            "Uri": f"arn:aws:apigateway:{REGION}:kinesis:action/PutRecord",
            "IntegrationHttpMethod": "POST",
            "Credentials": ROLE_ARN,
            "PassthroughBehavior": "NEVER",
            "RequestTemplates": {
                "application/json": '{"StreamName": "$input.params(\'name\')", "Data": $input.json(\'$.d\')}'
            },
            "IntegrationResponses": [
                {"StatusCode": "200"},
                {"StatusCode": "400", "SelectionPattern": "4\\d{2}"},
            ],
        },
        statements=[{"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": STREAM_ARN}],
    )


@pytest.fixture
def make_resource() -> Callable[..., Resource]:
    return resource


def body_of(response: Response) -> Any:
    return orjson.loads(response.body)


@pytest.fixture
def parsed() -> Callable[[Response], Any]:
    return body_of
