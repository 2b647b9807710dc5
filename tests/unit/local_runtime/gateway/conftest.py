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
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:worker"
FUNCTION_URI = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION_ARN}/invocations"
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
class FakeFunction:
    """Answers what it is told to, and remembers the events."""

    answer: Any = None
    error: str | None = None
    """The errorMessage of a failure."""
    events: list[Any] = field(default_factory=list)
    payload: bytes = b""
    function_error: str | None = None

    def invoke(self, payload: bytes) -> FakeFunction:
        self.events.append(orjson.loads(payload))
        if isinstance(self.answer, Exception):
            raise self.answer
        document = self.answer if self.error is None else {"errorMessage": self.error, "errorType": "E"}
        failed = None if self.error is None else "Unhandled"
        given = self.answer if isinstance(self.answer, bytes) else orjson.dumps(document)
        return FakeFunction(payload=given, function_error=failed)


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
    api: dict[str, Any] = field(default_factory=lambda: {"Name": "log-api"})
    function: Any = field(default_factory=FakeFunction)
    options: dict[str, Any] = field(default_factory=dict)
    now: float = 1_700_000_000.0
    source_ip: str = "127.0.0.1"
    running: Gateway | None = None
    """Set by `start`: further calls go to this one gateway."""

    def resources(self) -> Iterator[Resource]:
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}}]}
        inline = {"PolicyName": "p", "PolicyDocument": {"Statement": self.statements}}
        role = {"AssumeRolePolicyDocument": trust, "Policies": [inline]}
        yield resource("ApiGateway::RestApi", "Api", self.api, RootResourceId="root")
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
        options = dict(self.options)
        services = {"kinesis": self.kinesis, **options.pop("services", {})}
        return Gateway(
            assembly,
            services,
            clock=lambda: self.now,
            on_access=self.log.append,
            functions={FUNCTION_ARN: self.function},
            **options,
        )

    def start(self) -> Api:
        self.running = self.gateway()
        return self

    def call_function(self, kind: str = "AWS_PROXY", *, permitted: bool = True) -> None:
        """Make the method call the function."""
        del self.integration["Credentials"]
        self.integration |= {"Type": kind, "Uri": FUNCTION_URI}
        if permitted:
            self.permit("arn:aws:execute-api:us-east-1:123456789012:Api/*/PUT/streams/*")

    def permit(self, source_arn: str, principal: str = "apigateway.amazonaws.com") -> None:
        given = {"Action": "lambda:InvokeFunction", "FunctionName": FUNCTION_ARN, "Principal": principal}
        self.extra.append(
            resource("Lambda::Permission", f"P{len(self.extra)}", {**given, "SourceArn": source_arn})
        )

    def authorize(self, **properties: Any) -> None:
        """Put the function before the method as its authorizer."""
        self.method |= {"AuthorizationType": "CUSTOM", "AuthorizerId": "Auth"}
        self.add(
            "ApiGateway::Authorizer", "Auth", **{"Type": "TOKEN", "AuthorizerUri": FUNCTION_URI} | properties
        )

    def policy(self, condition: dict[str, Any], **changes: Any) -> None:
        statement = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke"}
        statement |= {"Resource": "execute-api:/*", "Condition": condition, **changes}
        self.api.setdefault("Policy", {"Statement": []})["Statement"].append(statement)

    def call(
        self,
        body: Any = None,
        *,
        path: str = "/streams/events",
        method: str = "PUT",
        query: Mapping[str, str] | None = None,
        **headers: str,
    ) -> Response:
        gateway = self.gateway() if self.running is None else self.running
        api = gateway.apis["log-api"]
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        request = Request(method, path, {} if query is None else query, given, data, self.source_ip)
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
