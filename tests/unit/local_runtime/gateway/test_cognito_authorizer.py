"""Cognito authorizers: tokens are verified with the pool's keys, never just read."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from local_runtime.errors import LocalRuntimeError

POOL = "us-east-1_pool1"
NOW = 1_700_000_000
Sign = Callable[..., str]


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "k1", "alg": "RS256", "use": "sig"})


@pytest.fixture
def pools(key: RSAKey) -> Callable[[str], Mapping[str, Any]]:
    def keys(pool: str) -> Mapping[str, Any]:
        return {POOL: {"keys": [key.as_dict(private=False)]}}[pool]

    return keys


@pytest.fixture
def sign(key: RSAKey) -> Sign:
    def make(**changes: Any) -> str:
        claims = {
            "iss": f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}",
            "sub": "s-1",
            "aud": "client",
            "token_use": "id",
            "exp": NOW + 60,
            "iat": NOW,
            "email_verified": True,
            "cognito:groups": ["a", "b"],
            **changes,
        }
        header = {"alg": "RS256", "kid": "k1"}
        return jwt.encode(header, {name: value for name, value in claims.items() if value is not None}, key)

    return make


@pytest.fixture
def guarded(api: Any, pools: Any) -> Any:
    api.method |= {"AuthorizationType": "COGNITO_USER_POOLS", "AuthorizerId": "Auth"}
    arn = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/"
    api.add(
        "ApiGateway::Authorizer",
        "Auth",
        Type="COGNITO_USER_POOLS",
        IdentitySource="method.request.header.Authorization",
        ProviderARNs=[f"{arn}us-east-1_gone", f"{arn}{POOL}"],
    )
    api.options["user_pool_keys"] = pools
    return api


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_identity_token_of_the_pool_passes_with_its_claims(guarded: Any, sign: Sign, prefix: str) -> None:
    guarded.integration["RequestTemplates"] = {
        "application/json": '{"StreamName": "events", "Data": "$context.authorizer.claims.sub '
        "$context.authorizer.claims['cognito:groups'] $context.authorizer.claims.email_verified "
        '$context.authorizer.claims.exp"}'
    }
    assert guarded.call({}, authorization=prefix + sign()).status == 200
    assert guarded.kinesis.requests[0][1]["Data"] == "s-1 a,b true Tue Nov 14 22:14:20 UTC 2023"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other"},
        {"iss": None},
        {"token_use": "access"},
        {"token_use": None},
    ],
)
def test_token_with_the_wrong_claims_is_unauthorized(
    guarded: Any, parsed: Any, sign: Sign, changes: Any
) -> None:
    response = guarded.call({}, authorization=sign(**changes))
    assert (response.status, parsed(response)) == (401, {"message": "Unauthorized"})
    assert guarded.kinesis.requests == []


@pytest.mark.parametrize("expires", [NOW, NOW - 3600, "never", None])
def test_expired_token_is_told_so(guarded: Any, parsed: Any, sign: Sign, expires: Any) -> None:
    response = guarded.call({}, authorization=sign(exp=expires))
    assert (response.status, parsed(response)) == (401, {"message": "The incoming token has expired"})


def test_forged_tokens_are_unauthorized(guarded: Any, sign: Sign) -> None:
    good = sign()
    header, claims, signature = good.split(".")
    stranger = RSAKey.generate_key(2048, {"kid": "k1"})
    document = json.loads(base64.urlsafe_b64decode(claims + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**document, "sub": "admin"}).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    forged = [
        jwt.encode({"alg": "RS256", "kid": "k1"}, document, stranger),
        jwt.encode({"alg": "RS256", "kid": "other"}, document, stranger),
        f"{header}.{changed}.{signature}",
        f"{none}.{claims}.",
        good[:-4],
        "x",
        "é.é.é",
        "a.b.c.d.e",
        "",
    ]
    assert [guarded.call({}, authorization=token).status for token in forged] == [401] * len(forged)
    assert guarded.call({}).status == 401


def test_method_with_scopes_takes_access_tokens_that_have_one(guarded: Any, sign: Sign) -> None:
    guarded.method["AuthorizationScopes"] = ["api/read", "api/write"]
    good = sign(token_use="access", scope="openid api/write")
    assert guarded.call({"d": "x"}, authorization=good).status == 200
    assert guarded.call({"d": "x"}, authorization=sign(token_use="access", scope="openid")).status == 401
    assert guarded.call({"d": "x"}, authorization=sign()).status == 401


def test_run_without_user_pools_refuses_the_api(guarded: Any) -> None:
    guarded.options["user_pool_keys"] = None
    with pytest.raises(LocalRuntimeError, match="the local run has no pools"):
        guarded.gateway()
