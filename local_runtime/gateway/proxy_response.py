"""What a function of a Lambda proxy integration answers, as an HTTP response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson

from local_runtime.gateway.context import Response
from local_runtime.vtl.values import to_text

_MEMBERS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})


def read_proxy_response(payload: bytes, *, binary: bool) -> Response:
    """The response; `binary`: the API gives binary data to this client, so that base64 is decoded.

    Raises:
        ValueError: a malformed Lambda proxy response.
    """
    document = orjson.loads(payload)
    if not isinstance(document, dict):
        raise ValueError("it must be an object")
    unknown = sorted(set(document) - _MEMBERS)
    if unknown:
        raise ValueError(f"it has {', '.join(unknown)}; the members are {', '.join(sorted(_MEMBERS))}")
    first, more = _headers(document)
    first.setdefault("content-type", "application/json")
    return Response(_status(document.get("statusCode", 200)), first, _body(document, binary), more)


def _status(value: Any) -> int:
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 200 <= value <= 599:
        raise ValueError(f"statusCode must be a number from 200 to 599 (got {value!r})")
    return value


def _headers(document: Mapping[str, Any]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """multiValueHeaders beat headers of the same name."""
    single = _object(document, "headers")
    several = _object(document, "multiValueHeaders")
    values: dict[str, list[str]] = {name.lower(): [_text(name, value)] for name, value in single.items()}
    for name, given in several.items():
        if not isinstance(given, list):
            raise ValueError(f"multiValueHeaders.{name} must be a list")
        values[name.lower()] = [_text(name, value) for value in given]
    filled = {name: texts for name, texts in values.items() if texts}
    more = [(name, text) for name, texts in filled.items() for text in texts[1:]]
    return {name: texts[0] for name, texts in filled.items()}, more


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be an object")
    return value


def _text(name: str, value: Any) -> str:
    if isinstance(value, dict | list):
        raise ValueError(f"the header {name} must be a text, a number or a truth value")
    return to_text(value)


def _body(document: Mapping[str, Any], binary: bool) -> bytes:
    body = document.get("body")
    if isinstance(body, dict | list):
        raise ValueError("body must be a text; make one of an object with json.dumps")
    encoded = document.get("isBase64Encoded", False)
    if not isinstance(encoded, bool):
        raise ValueError("isBase64Encoded must be true or false")
    text = to_text(body)
    if not (encoded and binary):
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"isBase64Encoded is true, but body is no base64: {error}") from error
