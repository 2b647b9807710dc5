"""COGNITO_USER_POOLS authorizers: a user pool's token, verified with the pool's own keys.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from local_runtime.gateway.context import Invocation
from local_runtime.gateway.gateway_response import GatewayError
from local_runtime.gateway.user_pool_keys import KeySetOfPool
from local_runtime.vtl.values import to_text

_LOG = logging.getLogger(__name__)


class CognitoAuthorizers:
    def __init__(self, keys: KeySetOfPool, clock: Callable[[], float]) -> None:
        self._keys = keys
        self._clock = clock

    def __call__(self, invocation: Invocation) -> None:
        """Refuse the request, or set `$context.authorizer.claims`."""
        authorizer = invocation.method.authorizer
        assert authorizer is not None
        given = authorizer.identity_sources[0](invocation)
        token = "" if given is None else given.removeprefix("Bearer ").strip()
        pattern = authorizer.identity_pattern
        if not token or (pattern is not None and pattern.fullmatch(token) is None):
            raise GatewayError("UNAUTHORIZED")
        for pool in authorizer.user_pools:
            claims = self._verified(token, pool)
            if claims is not None:
                self._check(claims, invocation, pool)
                invocation.context["authorizer"] = {"claims": _texts(claims)}
                return
        raise GatewayError("UNAUTHORIZED")

    def _verified(self, token: str, pool: str) -> dict[str, Any] | None:
        """The claims, where one of the pool's keys signed them."""
        from joserfc import jwt  # the first token pays for it, the start of the run does not
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            keys = KeySet.import_key_set({"keys": list(self._keys(pool)["keys"])})
        except LookupError:
            _LOG.warning("there is no user pool %s, so its tokens cannot be verified", pool)
            return None
        try:
            return dict(jwt.decode(token, keys, algorithms=["RS256"]).claims)
        except (JoseError, ValueError):
            return None

    def _check(self, claims: Mapping[str, Any], invocation: Invocation, pool: str) -> None:
        api, scopes = invocation.api, invocation.method.scopes
        suffix = "amazonaws.com.cn" if api.partition == "aws-cn" else "amazonaws.com"
        if claims.get("iss") != f"https://cognito-idp.{api.region}.{suffix}/{pool}":
            raise GatewayError("UNAUTHORIZED")
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or expires <= self._clock():
            raise GatewayError("UNAUTHORIZED", "The incoming token has expired")
        if scopes:
            granted = str(claims.get("scope", "")).split()
            if claims.get("token_use") != "access" or scopes.isdisjoint(granted):
                raise GatewayError("UNAUTHORIZED")
        elif claims.get("token_use") != "id":
            raise GatewayError("UNAUTHORIZED")


def _texts(claims: Mapping[str, Any]) -> dict[str, str]:
    """Claims are texts in `$context`: groups are joined by commas, exp and iat are dates."""
    return {name: _text(name, value) for name, value in claims.items()}


def _text(name: str, value: Any) -> str:
    if name in ("exp", "iat") and isinstance(value, int | float):
        return time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(value))
    if isinstance(value, list):
        return ",".join(map(to_text, value))
    return to_text(value)
