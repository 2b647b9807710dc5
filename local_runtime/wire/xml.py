"""Plain values as the XML of the query and REST-XML protocols, and back.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from local_runtime.errors import AwsError

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no XML 1.0 document may hold, not even escaped."""


def timestamp(value: datetime) -> str:
    """`2026-11-21T23:15:11.000Z`"""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


def element(name: str, value: Any, *, member: str | None = None, attributes: str = "") -> str:
    """One element; None is left out.

    Args:
        member: the tag around each item of a list, as in the query protocol; without it a list is the
            element repeated, as S3 writes lists.
    """
    if value is None:
        return ""
    if isinstance(value, Mapping):
        inner = "".join(element(key, item, member=member) for key, item in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if member is None:
            return "".join(element(name, item) for item in value)
        inner = "".join(element(member, item, member=member) for item in value)
    else:
        inner = escape(_text(value))
    return f"<{name}{attributes}>{inner}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return timestamp(value)
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", str(value))


def parse(body: bytes, root: str) -> ElementTree.Element:
    """The root element of a request body, namespaces taken off every tag.

    Raises:
        AwsError: MalformedXML, when it is no XML or another document.
    """
    try:
        # Expat itself refuses documents whose entities multiply.
        document = ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError as error:
        raise AwsError("MalformedXML", f"The request body is not well-formed XML: {error}") from None
    for item in document.iter():
        item.tag = item.tag.rpartition("}")[2]
    if document.tag != root:
        raise AwsError("MalformedXML", f"The request body must be a {root} document (got {document.tag}).")
    return document
