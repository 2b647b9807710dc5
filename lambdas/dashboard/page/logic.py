"""What the page function answers: one of its files, with the headers that keep the page to itself.

https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

INDEX = "index.html"
CONFIG = "config.json"
_CHANGES, _LASTS = "no-cache", "public, max-age=31536000, immutable"
_USUAL = "range=7d"

CONTENT_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}

Response = dict[str, Any]


@dataclass(frozen=True)
class File:
    """A file of the page as it is served."""

    content: str
    content_type: str
    cache_control: str
    etag: str


def page_files(contents: Mapping[str, str], config: Mapping[str, object]) -> dict[str, File]:
    """What may be asked for, by path: `index.html`, `config.json`, the rest in a folder named by its content.

    What is in that folder never changes, so that a browser keeps it; the modules name one another relatively.
    """
    rest = {path: content for path, content in contents.items() if path != INDEX}
    version = _hash(json.dumps(sorted(rest.items())))[:12]
    index = contents[INDEX].replace("{version}", version)
    return {
        INDEX: _file(INDEX, index, _CHANGES),
        CONFIG: _file(CONFIG, json.dumps(config), _CHANGES),
        **{f"{version}/{path}": _file(path, content, _LASTS) for path, content in rest.items()},
    }


def _file(path: str, content: str, cache_control: str) -> File:
    kind = CONTENT_TYPES[path.rpartition(".")[2]]
    return File(content, kind, cache_control, f'"{_hash(content)[:32]}"')


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def security_headers(sign_in_url: str) -> dict[str, str]:
    """Scripts, styles and data from here alone; requests to nowhere else but the user pool."""
    address = urlsplit(sign_in_url)
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": f"'self' {address.scheme}://{address.netloc}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": "max-age=31536000",
        "X-Content-Type-Options": "nosniff",
    }


def respond(event: Mapping[str, Any], files: Mapping[str, File], headers: Mapping[str, str]) -> Response:
    """The answer to a GET of `/` or of `/{file+}`."""
    path = (event.get("pathParameters") or {}).get("file")
    if path is None and _lacks_slash(event):
        return _response(302, {**headers, "Location": f"{event['requestContext']['stage']}/?{_USUAL}"}, "")
    file = files.get(INDEX if path is None else path)
    if file is None:
        message = json.dumps({"message": f"There is no file {path} here"})
        return _response(404, {**headers, "Content-Type": "application/json"}, message)
    headers = {**headers, "Cache-Control": file.cache_control, "ETag": file.etag}
    if file.etag in _known_etags(event):
        return _response(304, headers, "")
    return _response(200, {**headers, "Content-Type": file.content_type}, file.content)


def _lacks_slash(event: Mapping[str, Any]) -> bool:
    """From `/v1` the browser would look for the files beside `/v1/`; with a query nothing is sent away."""
    return not event["requestContext"]["path"].endswith("/") and not event.get("queryStringParameters")


def _known_etags(event: Mapping[str, Any]) -> list[str]:
    """Compression on the way makes an ETag a weak one."""
    given = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return [etag.strip().removeprefix("W/") for etag in given.get("if-none-match", "").split(",")]


def _response(status: int, headers: Mapping[str, str], body: str) -> Response:
    return {"statusCode": status, "headers": dict(headers), "body": body}
