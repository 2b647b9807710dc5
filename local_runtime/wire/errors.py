"""An error in the protocol that the client speaks, so that its SDK raises it by its code."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

import orjson

from local_runtime.errors import AwsError
from local_runtime.wire.http import Send, respond
from local_runtime.wire.xml import DECLARATION, element

JSON = b"application/x-amz-json-1.1"
FORM = "application/x-www-form-urlencoded"


def json_content_type(headers: Mapping[str, str]) -> bytes:
    """The JSON version that the client asked in; 1.1 when it named none."""
    sent = headers.get("content-type", "").partition(";")[0].strip().lower()
    return sent.encode() if sent.startswith("application/x-amz-json-") else JSON


async def send_error(send: Send, headers: Mapping[str, str], service: str | None, error: AwsError) -> None:
    """Answer with an error: JSON to clients of JSON services, with a target or without, XML to the others."""
    request_id = str(uuid4())
    if "x-amz-target" in headers:
        body = orjson.dumps({"__type": error.code, "message": error.message})
        content_type = json_content_type(headers)
    elif headers.get("content-type", "").startswith(FORM):
        body = _query_error(error, request_id)
        content_type = b"text/xml"
    elif service in (None, "s3"):
        body = s3_error(error, request_id)
        content_type = b"application/xml"
    else:
        body = orjson.dumps({"Type": "User", "message": error.message, "Message": error.message})
        content_type = b"application/json"
    fields = [
        (b"content-type", content_type),
        (b"x-amzn-requestid", request_id.encode()),
        (b"x-amzn-errortype", error.code.encode()),
    ]
    await respond(send, error.status, fields, body)


def s3_error(error: AwsError, request_id: str) -> bytes:
    inner = {"Code": error.code, "Message": error.message, "RequestId": request_id}
    return (DECLARATION + element("Error", inner)).encode()


def _query_error(error: AwsError, request_id: str) -> bytes:
    kind = "Sender" if error.status < 500 else "Receiver"
    inner = {"Type": kind, "Code": error.code, "Message": error.message}
    return (element("ErrorResponse", {"Error": inner, "RequestId": request_id})).encode()
