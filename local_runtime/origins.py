"""Programs and pages of this machine may ask; a page of the internet that is open in a browser here may not.

Loopback alone does not keep such a page out: it can send requests to 127.0.0.1, and once the name of its host
leads there (DNS rebinding) it can read the answers. Browsers say truthfully where a request comes from.
https://fetch.spec.whatwg.org/#origin-header
https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_HERE = re.compile(rb"(127(\.\d{1,3}){3}|\[::1\]|([a-z0-9_.-]+\.)?localhost)(:\d+)?", re.IGNORECASE)
"""https://www.rfc-editor.org/rfc/rfc6761#section-6.3: names below `localhost` lead to nowhere else."""


def host_refusal(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """What is wrong with the host that a request is for; None: nothing is."""
    for name, value in headers:
        if name == b"host" and not _is_here(value):
            return f"the header Host must be 127.0.0.1 or localhost (got {_text(value)})"
    return None


def page_refusal(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """What is wrong with the page that a request comes from; None: nothing is, or it comes from no page."""
    fields = dict(headers)
    page = fields.get(b"origin", fields.get(b"referer"))
    if page is not None and _is_here(page.partition(b"://")[2].partition(b"/")[0]):
        return None
    if b"origin" in fields or fields.get(b"sec-fetch-site") == b"cross-site":
        shown = "a page that does not say its address" if page is None else f"the page {_text(page)}"
        return f"{shown} is not of this machine, so only the REST APIs answer it"
    return None


@lru_cache(maxsize=256)
def _is_here(host: bytes) -> bool:
    return _HERE.fullmatch(host) is not None


def _text(value: bytes) -> str:
    return repr(value[:200].decode("latin-1"))
