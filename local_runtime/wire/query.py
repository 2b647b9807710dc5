"""The query protocol: `Action=...&Metrics.member.1.Name=...` as a form in, XML out.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from local_runtime.errors import AwsError
from local_runtime.service import Service
from local_runtime.wire.errors import FORM, send_error
from local_runtime.wire.http import (
    BodyTooLargeError,
    Receive,
    Scope,
    Send,
    headers_of,
    query_of,
    read_body,
    respond,
)
from local_runtime.wire.xml import element

MAX_BODY_BYTES = 4 * 1024 * 1024
_PLAIN = ("Action", "Version")
_log = logging.getLogger(__name__)


class QueryEndpoint:
    """An ASGI app that answers one service, whatever protocol its other clients speak.

    Args:
        namespace: the service's XML namespace, such as `https://sts.amazonaws.com/doc/2011-06-15/`.
    """

    def __init__(self, service: Service, namespace: str) -> None:
        self._service = service
        self._namespace = namespace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {**headers_of(scope), "content-type": FORM}  # errors are XML to a GET, too
        try:
            fields = {**query_of(scope), **_form(await read_body(receive, MAX_BODY_BYTES))}
            action = fields.get("Action", "")
            if not action:
                raise AwsError("MissingAction", "The request must name an Action.")
            answer = await asyncio.to_thread(self._service, action, parse_form(fields))
        except BodyTooLargeError:
            error = AwsError("RequestEntityTooLarge", f"The request is longer than {MAX_BODY_BYTES} bytes.")
            await send_error(send, headers, None, error)
        except AwsError as error:
            await send_error(send, headers, None, error)
        except Exception:
            _log.exception("a query request failed")
            message = "The request failed inside the local run; its log has the details."
            await send_error(send, headers, None, AwsError("InternalFailure", message, 500))
        else:
            await respond(send, 200, [(b"content-type", b"text/xml")], self._xml(action, answer))

    def _xml(self, action: str, answer: dict[str, Any]) -> bytes:
        inner = element(f"{action}Result", answer, member="member")
        inner += element("ResponseMetadata", {"RequestId": str(uuid4())})
        return f'<{action}Response xmlns="{self._namespace}">{inner}</{action}Response>'.encode()


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def parse_form(fields: Mapping[str, str]) -> dict[str, Any]:
    """The request that a form means; every leaf is a string.

    `A.B` is a member of a structure, `A.member.1` an item of a list.
    """
    tree: dict[str, Any] = {}
    for name, value in fields.items():
        if name in _PLAIN or not name:
            continue
        *parents, last = name.split(".")
        node = tree
        for part in parents:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                raise AwsError("MalformedQueryString", f"{name} is below {part}, which is a plain value.")
            node = child
        node[last] = value
    return {name: _lists(value) for name, value in tree.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    members = value.get("member")
    if set(value) == {"member"} and isinstance(members, dict) and all(key.isdecimal() for key in members):
        return [_lists(members[key]) for key in sorted(members, key=int)]
    return {name: _lists(item) for name, item in value.items()}
