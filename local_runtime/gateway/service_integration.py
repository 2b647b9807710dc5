"""AWS integrations that call a service's action: `arn:aws:apigateway:REGION:kinesis:action/PutRecords`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/integrating-api-with-aws-services-kinesis.html
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from local_runtime.errors import AwsError
from local_runtime.gateway.context import Invocation, Response, media_type
from local_runtime.gateway.iam import Role
from local_runtime.service import Service

_LOG = logging.getLogger(__name__)
_JSON_TYPES = frozenset({"application/x-amz-json-1.1", "application/json"})
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,128}")


@dataclass(frozen=True)
class ServiceTraits:
    """What differs between the services of AWS integrations."""

    resource: str
    """The ARN's last part, `{}` being the name in the request."""
    name_member: str
    arn_member: str | None
    without_resource: frozenset[str]
    accepted: Mapping[str, Callable[[dict[str, Any], dict[str, Any]], int]]
    """Action -> how many records it accepted, by its request and response."""


TRAITS: Mapping[str, ServiceTraits] = {
    "kinesis": ServiceTraits(
        resource="stream/{}",
        name_member="StreamName",
        arn_member="StreamARN",
        without_resource=frozenset({"ListStreams", "DescribeLimits"}),
        accepted={
            "PutRecord": lambda request, response: 1,
            "PutRecords": lambda request, response: len(request["Records"]) - response["FailedRecordCount"],
        },
    ),
    "firehose": ServiceTraits(
        resource="deliverystream/{}",
        name_member="DeliveryStreamName",
        arn_member=None,
        without_resource=frozenset({"ListDeliveryStreams"}),
        accepted={
            "PutRecord": lambda request, response: 1,
            "PutRecordBatch": lambda request, response: len(request["Records"]) - response["FailedPutCount"],
        },
    ),
}


class ServiceIntegration:
    def __init__(self, services: Mapping[str, Service], roles: Mapping[str, Role], partition: str) -> None:
        self._services = services
        self._roles = roles
        self._partition = partition

    def __call__(self, invocation: Invocation) -> None:
        try:
            answer = self._call(invocation)
            invocation.endpoint_response = _response(200, answer)
        except AwsError as error:
            body = {"__type": error.code, "message": error.message}
            invocation.endpoint_response = _response(error.status, body)
        except Exception:
            target = invocation.method.integration.target
            _LOG.exception("%s %s failed", target.service, target.action)
            body = {"__type": "InternalFailure", "message": "The request failed on the service's side."}
            invocation.endpoint_response = _response(500, body)

    def _call(self, invocation: Invocation) -> dict[str, Any]:
        target = invocation.method.integration.target
        if media_type(invocation.integration_headers["content-type"]) not in _JSON_TYPES:
            raise AwsError("UnknownOperationException", "The content type is none of the service's.", 404)
        request = _request(invocation.integration_body)
        self._authorize(invocation, request)
        response = self._services[target.service](target.action, request)
        accepted = TRAITS[target.service].accepted.get(target.action)
        invocation.accepted_records = 0 if accepted is None else accepted(request, response)
        return response

    def _authorize(self, invocation: Invocation, request: dict[str, Any]) -> None:
        """As the service does: before it looks whether the resource exists."""
        target = invocation.method.integration.target
        resource = self._resource(invocation, request)
        if resource is None:
            return
        role = self._roles[target.credentials]
        action = f"{target.service}:{target.action}"
        if not role.allows(action, resource):
            user = (
                f"arn:{self._partition}:sts::{invocation.api.account}:assumed-role/{role.name}/"
                "BackplaneAssumeRoleSession"
            )
            raise AwsError(
                "AccessDeniedException",
                f"User: {user} is not authorized to perform: {action} on resource: {resource} "
                f"because no identity-based policy allows the {action} action",
            )

    def _resource(self, invocation: Invocation, request: dict[str, Any]) -> str | None:
        """The ARN that the call is about; None where the service's own checks refuse the request first."""
        target, api = invocation.method.integration.target, invocation.api
        traits = TRAITS[target.service]
        if target.action in traits.without_resource:
            return "*"
        arn = None if traits.arn_member is None else request.get(traits.arn_member)
        if isinstance(arn, str):
            return arn
        name = request.get(traits.name_member)
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            return None
        place = f"arn:{self._partition}:{target.service}:{api.region}:{api.account}:"
        return place + traits.resource.format(name)


def _request(body: bytes) -> dict[str, Any]:
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise AwsError("SerializationException", f"The request is no JSON: {error}") from error
    if not isinstance(request, dict):
        raise AwsError("SerializationException", "The request is no JSON object.")
    return request


def _response(status: int, body: dict[str, Any]) -> Response:
    return Response(status, {"content-type": "application/x-amz-json-1.1"}, orjson.dumps(body))
