"""All AWS clients at one port: the request itself says which service and which protocol it means.

X-Amz-Target names a JSON service, the signature's credential scope any other; what this run does not play
goes to `others`.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_runtime.wire.endpoint import AwsJsonEndpoint
from local_runtime.wire.errors import FORM
from local_runtime.wire.http import AsgiApp, Receive, Scope, Send, headers_of, query_of
from local_runtime.wire.signing import signed_for

S3 = "s3"


def is_aws_request(scope: Scope) -> bool:
    """Whether an SDK sent this: it is signed, or it is of the few calls that are made without a signature."""
    headers = headers_of(scope)
    return (
        "x-amz-target" in headers
        or headers.get("content-type", "").startswith(FORM)
        or str(scope["path"]).endswith("/.well-known/jwks.json")
        or signed_for(headers, query_of(scope)) is not None
    )


class AwsRouter:
    """An ASGI app.

    Args:
        json: the services of this run that are called by target.
        by_signing_name: those that have another protocol, by the name that their requests are signed for.
        others: everything else.
    """

    def __init__(
        self, json: AwsJsonEndpoint, by_signing_name: Mapping[str, AsgiApp], others: AsgiApp
    ) -> None:
        self._json = json
        self._by_signing_name = by_signing_name
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._pick(scope)(scope, receive, send)

    def _pick(self, scope: Scope) -> AsgiApp:
        headers = headers_of(scope)
        target = headers.get("x-amz-target")
        if target is not None:
            return self._json if self._json.answers(target) else self._others
        service = signed_for(headers, query_of(scope))
        return self._others if service is None else self._by_signing_name.get(service, self._others)
