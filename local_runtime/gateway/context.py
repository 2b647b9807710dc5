"""One request on its way through the stages, and the `$context` that templates and logs read.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import base64
import os
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from local_runtime.gateway.api import Method, RestApi, Stage
from local_runtime.vtl import Input, Payload, Template, Util

_UTIL = Util()
_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
"""What is taken of a client's x-amzn-RequestId: AWS lets clients choose the request id."""


@dataclass(frozen=True)
class Request:
    """An HTTP request; header names are in lower case, as ASGI gives them."""

    method: str
    path: str
    """Below the stage, still URL-encoded, e.g. `/streams/a%20b`."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    source_ip: str
    repeated_query: Mapping[str, list[str]] = field(default_factory=dict)
    """All values of the parameters that came more than once; `query` has the last one."""
    repeated_headers: Mapping[str, list[str]] = field(default_factory=dict)
    is_bare_stage: bool = False
    """The address ends with the stage's name, without a slash."""

    @property
    def media_type(self) -> str:
        """The content type without parameters; API Gateway takes a missing one for JSON."""
        return media_type(self.headers.get("content-type", "")) or "application/json"


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes
    more_headers: list[tuple[str, str]] = field(default_factory=list)
    """Further values of names that come more than once, e.g. set-cookie."""


@dataclass
class Invocation:
    """What the stages hand on to one another."""

    api: RestApi
    stage: Stage
    request: Request
    context: dict[str, Any]
    started: float
    method: Method = field(init=False)
    """Set where one was found; no stage runs without it."""
    path_parameters: dict[str, str] = field(default_factory=dict)
    integration_headers: dict[str, str] = field(default_factory=dict)
    integration_body: bytes = b""
    endpoint_response: Response = field(default_factory=lambda: Response(500, {}, b""))
    response: Response = field(default_factory=lambda: Response(500, {}, b""))
    accepted_records: int = 0
    error_message: str | None = None
    """Of a function that failed: what the selection patterns of its integration are matched with."""
    usage_key: str = ""
    """The API key that an authorizer answered."""

    @cached_property
    def payload(self) -> Payload:
        return Payload(self.request.body)

    @cached_property
    def parameters(self) -> dict[str, Mapping[str, str]]:
        return {
            "path": self.path_parameters,
            "querystring": self.request.query,
            "header": self.request.headers,
        }

    def render(self, template: Template, payload: Payload) -> str:
        return template.render(
            {
                "input": Input(payload, self.parameters),
                "util": _UTIL,
                "context": self.context,
                "stageVariables": dict(self.stage.variables),
            }
        )


def media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def request_context(api: RestApi, stage: Stage, request: Request, now: float) -> dict[str, Any]:
    """`$context` as it is before a method is found."""
    given = request.headers.get("x-amzn-requestid", "")
    host = request.headers.get("host", "")
    return {
        "accountId": api.account,
        "apiId": api.id,
        "deploymentId": stage.deployment_id,
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "extendedRequestId": base64.b64encode(os.urandom(11)).decode(),
        "httpMethod": request.method,
        "identity": {
            "apiKey": None,
            "apiKeyId": None,
            "sourceIp": request.source_ip,
            "userAgent": request.headers.get("user-agent"),
        },
        "path": f"/{stage.name}" if request.is_bare_stage else f"/{stage.name}{request.path}",
        "protocol": "HTTP/1.1",
        "requestId": given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4()),
        "requestOverride": {"header": {}, "path": {}, "querystring": {}},
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "requestTimeEpoch": int(now * 1000),
        "responseOverride": {"header": {}},
        "stage": stage.name,
    }
