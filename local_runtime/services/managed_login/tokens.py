"""Tokens of managed login, signed by moto's user pools, and the one person who is signed in.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from typing import Any

from local_runtime.services.managed_login.grants import Grant
from local_runtime.services.moto_calls import Moto

VIEWER = "local-viewer"
_EMAIL, _PHONE = "viewer@example.com", "+15555550100"


def viewer(moto: Moto, pool: Any) -> str:
    """What the local viewer signs in with; made in the pool when it is not there."""
    by = pool.extended_config.get("UsernameAttributes") or ()
    name = _EMAIL if "email" in by else _PHONE if "phone_number" in by else VIEWER
    if pool._get_user(name) is None:
        request = {
            "UserPoolId": pool.id,
            "Username": name,
            "MessageAction": "SUPPRESS",
            "UserAttributes": [
                {"Name": "email", "Value": _EMAIL},
                {"Name": "email_verified", "Value": "true"},
            ],
        }
        moto.ask("cognito-idp", "AWSCognitoIdentityProviderService.AdminCreateUser", request)
        pool._get_user(name).status = "CONFIRMED"
    return name


def first_tokens(pool: Any, grant: Grant) -> dict[str, Any]:
    """The answer to a code."""
    origin = secrets.token_hex(16)
    # A refresh token carries its scopes, so that nothing but moto's own table must remember it.
    refresh_token = f"{secrets.token_urlsafe(32)}.{_packed(grant.scopes)}"
    pool.refresh_tokens[refresh_token] = grant.client_id, grant.username, origin
    return {**_tokens(pool, grant, origin), "refresh_token": refresh_token}


def next_tokens(pool: Any, refresh_token: str, client_id: str) -> dict[str, Any] | None:
    """The answer to a refresh token; None when the pool did not give it to this client or took it back."""
    kept = pool.refresh_tokens.get(refresh_token)
    if kept is None or kept[0] != client_id or pool._get_user(kept[1]) is None:
        return None
    packed = refresh_token.partition(".")[2]
    scopes = tuple(json.loads(base64.urlsafe_b64decode(packed))) if packed else ("openid",)
    return _tokens(pool, Grant(client_id, "", kept[1], scopes), kept[2])


def _packed(scopes: Sequence[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(scopes).encode()).decode()


def _tokens(pool: Any, grant: Grant, origin: str) -> dict[str, Any]:
    groups = sorted(group.group_name for group in pool._get_user(grant.username).groups)
    common: dict[str, Any] = {"origin_jti": origin, **({"cognito:groups": groups} if groups else {})}
    access = {**common, "scope": " ".join(grant.scopes)}
    access_token, seconds = pool.create_jwt(grant.client_id, grant.username, "access", extra_data=access)
    pool.access_tokens[access_token] = grant.client_id, grant.username
    answer = {"access_token": access_token, "expires_in": seconds, "token_type": "Bearer"}
    if "openid" in grant.scopes:
        shown = pool.get_user_extra_data_by_client_id(grant.client_id, grant.username)
        nonce = {} if grant.nonce is None else {"nonce": grant.nonce}
        claims = {**shown, **common, **nonce}
        answer["id_token"], _ = pool.create_jwt(grant.client_id, grant.username, "id", extra_data=claims)
    return answer
