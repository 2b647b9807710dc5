"""Responses packed on their way to clients that can unpack them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gzip-compression-decompression.html
"""

from __future__ import annotations

import gzip
from dataclasses import replace

from local_runtime.gateway.api import RestApi
from local_runtime.gateway.context import Request, Response

_LEVEL = 6


def compressed(api: RestApi, request: Request, response: Response) -> Response:
    """The response in gzip, where MinimumCompressionSize and the client's Accept-Encoding say so."""
    least = api.minimum_compression_size
    if least is None or not response.body or len(response.body) < least:
        return response
    if "content-encoding" in response.headers or not _takes_gzip(request):
        return response
    headers = {**response.headers, "content-encoding": "gzip"}
    return replace(response, headers=headers, body=gzip.compress(response.body, _LEVEL, mtime=0))


def _takes_gzip(request: Request) -> bool:
    for coding in request.headers.get("accept-encoding", "").split(","):
        name, _, weight = coding.partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0")
    return False
