"""moto's backends, called in this process: as a client would ask them, or as the objects that they are.

https://docs.getmoto.org/en/latest/docs/services/index.html
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from local_runtime.errors import AwsError

log = logging.getLogger(__name__)

_GLOBAL = frozenset({"budgets", "cloudfront"})
_BACKENDS: Mapping[str, str] = {"cognito-idp": "cognitoidp"}

Answer = tuple[int, Mapping[str, Any], bytes]
"""Status, headers and body."""


@dataclass(frozen=True)
class Call:
    """A request on its way to moto."""

    service: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def action(self) -> str:
        """The action of a JSON service; nothing for the others."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]


class Moto:
    """moto in one account and, for what the templates define, one region; imported with the first call.

    A service of moto is plain objects, made for one thread: the caller sees to it that calls take turns.
    """

    def __init__(self, region: str, account: str, endpoint_url: str) -> None:
        self.region = region
        self.account = account
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._started = False

    def start(self) -> None:
        """Make sure that what a backend calls with an AWS client of its own stays in this run."""
        with self._lock:
            if not self._started:
                log.info("moto starts: a service is used that the local run does not play itself")
                os.environ["AWS_ENDPOINT_URL"] = self._endpoint_url
                _forget_objects()
                self._started = True

    def backend(self, service: str) -> Any:
        """The objects of a service in this account and region."""
        from moto import backends

        # The backends' names are a generated Literal.
        by_account: Any = backends.get_backend(_BACKENDS.get(service, service))  # type: ignore[call-overload]
        return by_account[self.account][self.region]

    def ask(self, service: str, target: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a JSON service to `target`, such as `DynamoDB_20120810.CreateTable`.

        Raises:
            AwsError: the service refuses.
        """
        scope = f"local/20000101/{self.region}/{service}/aws4_request"
        headers = {
            "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": target,
        }
        status, _, body = self.answer(Call(service, "POST", "/", "", headers, orjson.dumps(request)))
        answer: dict[str, Any] = orjson.loads(body or b"{}")
        if status != 200:
            message = str(answer.get("message", answer.get("Message", answer)))
            raise AwsError(str(answer.get("__type", "InternalFailure")).rpartition("#")[2], message, status)
        return answer

    def answer(self, call: Call) -> Answer:
        """What moto answers.

        Raises:
            AwsError: moto has no such service or action.
        """
        from moto.core.request import Request
        from werkzeug.exceptions import HTTPException

        path = call.path if call.path.startswith("/") else f"/{call.path}"
        handler = _handler(_host(call, self.region), path)
        if handler is None:
            raise AwsError(
                "UnknownOperationException",
                f"{call.service}: neither the local run nor moto has {call.method} {call.path}",
                404,
            )
        query = f"?{call.query}" if call.query else ""
        url = f"{self._endpoint_url}{path}{query}"
        fields = {**call.headers, "x-moto-account-id": self.account}
        request = Request.from_primitives(call.method, url, fields, call.body)
        try:
            status, headers, body = handler(request, url, request.headers)
        except HTTPException as error:
            status, headers, body = int(error.code or 400), dict(error.get_headers()), error.get_body()
        except NotImplementedError as error:
            action = call.headers.get("x-amz-target", call.path)
            message = f"{call.service} {action} is not run here, nor does moto have it: {error}"
            raise AwsError("UnknownOperationException", message) from error
        return status, headers, body.encode() if isinstance(body, str) else body


def _forget_objects() -> None:
    """Keep moto from listing every object it ever made: the run would grow by each item."""
    from moto.core.common_models import BaseModel

    def new(cls: type[Any], *_args: Any, **_kwargs: Any) -> Any:
        return object.__new__(cls)

    BaseModel.__new__ = new  # type: ignore[method-assign]


def _host(call: Call, region: str) -> str:
    """The host name that the request would have on AWS: moto finds its backends by it."""
    if call.service in _GLOBAL:
        return f"{call.service}.amazonaws.com"
    if call.headers.get("x-amz-target", "").startswith("DynamoDBStreams"):
        return f"streams.dynamodb.{region}.amazonaws.com"
    return f"{call.service}.{region}.amazonaws.com"


def _handler(host: str, path: str) -> Any:
    """What answers a URL in moto; None when it has no such service or no such path."""
    from moto import backends
    from moto.backend_index import backend_url_patterns
    from moto.core.base_backend import BackendDict
    from moto.core.models import DEFAULT_ACCOUNT_ID

    url = f"https://{host}{path}"
    for name, pattern in backend_url_patterns:
        if not pattern.match(url):
            continue
        # The backends' names are a generated Literal; these come from the same generator.
        by_account: Any = backends.get_backend(name)  # type: ignore[call-overload]
        if isinstance(by_account, BackendDict):
            by_region = by_account[DEFAULT_ACCOUNT_ID]
            backend = by_region["us-east-1" if "us-east-1" in by_region else "aws"]
        else:
            backend = by_account["global"]
        for expression, answer in backend.urls.items():
            if re.match(expression, url):
                return answer
    return None
