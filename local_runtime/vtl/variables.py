"""`$input` and `$util` of a mapping template.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import orjson

from local_runtime.vtl.errors import PayloadError, TemplateError
from local_runtime.vtl.jsonpath import compile_path
from local_runtime.vtl.methods import METHODS, PROPERTIES, register
from local_runtime.vtl.values import to_json, to_text

# A run of digits that may be an integer beyond 64 bits, found without a regular expression: on the bodies
# of batches the search would cost more than the parsing.
_DIGITS_AS_ZERO = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19
_ESCAPED_IN_JAVASCRIPT = re.compile("[\"'/\\\\\x00-\x1f\x80-\U0010ffff]")
_JAVASCRIPT = {
    '"': '\\"', "'": "\\'", "/": "\\/", "\\": "\\\\",
    "\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f", "\r": "\\r",
}  # fmt: skip


class Payload:
    """A body, as text and as the JSON document it may be; an empty one is `{}`."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    @cached_property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace") if self.body else "{}"

    @cached_property
    def document(self) -> Any:
        if not self.body:
            return {}
        return parse_json(self.body)


def parse_json(text: bytes | str) -> Any:
    """JSON with integers of any length kept exact (orjson makes doubles of those above 64 bits)."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise PayloadError(f"Could not parse request body into json: {error}") from error
    if _LONG_NUMBER not in data.translate(_DIGITS_AS_ZERO):
        return document
    try:
        return json.loads(data)
    except (ValueError, RecursionError):  # more digits than Python converts, deeper than it recurses
        return document


class Input:
    """`$input`: the payload and the request's parameters."""

    def __init__(self, payload: Payload, params: Mapping[str, Mapping[str, str]]) -> None:
        self._payload = payload
        self._params = params

    def body(self) -> str:
        return self._payload.text

    def path(self, path: str = "$") -> Any:
        return compile_path(path)(self._payload.document)

    def json(self, path: str = "$") -> str:
        """JSON text; what is missing or null is `""`, for `$input.path` makes an empty string of both."""
        value = compile_path(path)(self._payload.document)
        return '""' if value is None else to_json(value)

    def params(self, name: str | None = None) -> Any:
        """By name: from the path, the query string or the headers, in this order."""
        if name is None:
            return {kind: dict(values) for kind, values in self._params.items()}
        for kind in ("path", "querystring"):
            if name in self._params[kind]:
                return self._params[kind][name]
        return _header(self._params["header"], name)


def _header(headers: Mapping[str, str], name: str) -> str:
    if name in headers:
        return headers[name]
    lowered = name.lower()
    return next((value for header, value in headers.items() if header.lower() == lowered), "")


class Util:
    """`$util`. Values that are no strings are taken as the text that they would print."""

    def escape_java_script(self, value: Any) -> str:
        return _ESCAPED_IN_JAVASCRIPT.sub(_escape_character, to_text(value))

    def parse_json(self, text: str) -> Any:
        try:
            return parse_json(to_text(text))
        except PayloadError as error:
            raise TemplateError(f"$util.parseJson: {error}") from error

    def url_encode(self, value: Any) -> str:
        """`java.net.URLEncoder`: a blank is +, and `*-._` stay."""
        return quote_plus(to_text(value), safe="*").replace("~", "%7E")

    def url_decode(self, value: Any) -> str:
        return unquote_plus(to_text(value))

    def base64_encode(self, value: Any) -> str:
        text = value if type(value) is str else to_text(value)
        return binascii.b2a_base64(text.encode("utf-8", "replace"), newline=False).decode("ascii")

    def base64_decode(self, value: Any) -> str:
        try:
            return base64.b64decode(to_text(value), validate=True).decode("utf-8", "replace")
        except binascii.Error as error:
            raise TemplateError(f"$util.base64Decode: {error}") from error


def _escape_character(match: re.Match[str]) -> str:
    character = match[0]
    known = _JAVASCRIPT.get(character)
    if known is not None:
        return known
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04X}" for at in range(0, len(units), 2))


register(METHODS, Input, {"path": Input.path, "json": Input.json, "params": Input.params})
register(PROPERTIES, Input, {"body": Input.body})
register(
    METHODS,
    Util,
    {
        "escapeJavaScript": Util.escape_java_script,
        "parseJson": Util.parse_json,
        "urlEncode": Util.url_encode,
        "urlDecode": Util.url_decode,
        "base64Encode": Util.base64_encode,
        "base64Decode": Util.base64_decode,
    },
)
