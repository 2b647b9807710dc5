"""Parameter mapping expressions: from parts of a request or a response to header values.

https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local_runtime.gateway.api import ParameterSource
from local_runtime.gateway.context import Invocation
from local_runtime.vtl import Payload
from local_runtime.vtl.jsonpath import compile_path
from local_runtime.vtl.values import to_json, to_text

_REQUEST = re.compile(r"method\.request\.(path|querystring|header)\.(.+)")
_RESPONSE_HEADER = re.compile(r"integration\.response\.header\.(.+)")
_BODY = re.compile(r"(method\.request|integration\.response)\.body(?:\.(.+))?")
_VARIABLE = re.compile(r"(context|stageVariables)\.(.+)")


def compile_headers(mapping: Mapping[str, Any], prefix: str) -> dict[str, ParameterSource]:
    """`{"method.response.header.X": "'*'"}` as header name -> source of its value.

    Raises:
        ValueError: a target that is no header, or an expression that API Gateway does not know.
    """
    headers: dict[str, ParameterSource] = {}
    for target, expression in mapping.items():
        if not target.startswith(prefix):
            raise ValueError(f"the parameter {target!r} is not supported, {prefix}NAME is")
        headers[target.removeprefix(prefix)] = compile_parameter(str(expression))
    return headers


def compile_parameter(expression: str) -> ParameterSource:
    if len(expression) >= 2 and expression[0] == expression[-1] == "'":
        static = expression[1:-1]
        return lambda invocation: static
    if match := _REQUEST.fullmatch(expression):
        return _request_parameter(match[1], match[2])
    if match := _RESPONSE_HEADER.fullmatch(expression):
        header = match[1].lower()
        return lambda invocation: invocation.endpoint_response.headers.get(header)
    if match := _BODY.fullmatch(expression):
        return _body(match[1] == "method.request", match[2])
    if match := _VARIABLE.fullmatch(expression):
        return _variable(match[1], match[2].split("."))
    raise ValueError(
        f"the mapping expression {expression!r} is not known; there are 'text', method.request.*, "
        "integration.response.*, context.* and stageVariables.*"
    )


def _request_parameter(location: str, name: str) -> ParameterSource:
    key = name.lower() if location == "header" else name
    return lambda invocation: invocation.parameters[location].get(key)


def _body(of_request: bool, path: str | None) -> ParameterSource:
    find = compile_path(path if path is not None else "$")

    def source(invocation: Invocation) -> str | None:
        payload = invocation.payload if of_request else Payload(invocation.endpoint_response.body)
        if path is None:
            return payload.text
        found = find(payload.document)
        return to_json(found) if isinstance(found, dict | list) else None if found is None else to_text(found)

    return source


def _variable(root: str, parts: list[str]) -> ParameterSource:
    def source(invocation: Invocation) -> str | None:
        found: Any = invocation.context if root == "context" else invocation.stage.variables
        for part in parts:
            found = found.get(part) if isinstance(found, Mapping) else None
        return None if found is None else to_text(found)

    return source
